/**
 * Values that a destination wants set in the instances it gets: its own institution, issuer of Patient IDs and prefix
 * of Accession Numbers. A forwarding rule asks for them, and only policies that keep names allow it. The instance
 * records the original values (Original Attributes Sequence), and the receipt gives the digest that was stored.
 */
import { z } from 'zod';

/** PS3.5 Table 6.2-1, LO and SH: no backslash, no control character. A prefix leaves room for a number. */
const textSchema = (characters: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(characters)
    .regex(/^[^\\\p{Cc}]+$/u, 'no backslash and no control characters');
const LO_CHARACTERS = 64;
const PREFIX_CHARACTERS = 8;

export const coercionSchema = z
  .strictObject({
    /** Institution Name (0008,0080). */
    institution: textSchema(LO_CHARACTERS).optional(),
    /** Issuer of Patient ID (0010,0021). */
    issuer: textSchema(LO_CHARACTERS).optional(),
    /** Put before the Accession Number (0008,0050), if there is one that does not begin with it. */
    accessionPrefix: textSchema(PREFIX_CHARACTERS).optional(),
  })
  .refine((coercion) => Object.keys(coercion).length > 0, 'nothing to change');
export type Coercion = z.infer<typeof coercionSchema>;

export const COERCED_ATTRIBUTES = [
  'institution',
  'issuer',
  'accessionPrefix',
] as const satisfies readonly (keyof Coercion)[];
export type CoercedAttribute = (typeof COERCED_ATTRIBUTES)[number];

/** Attribute names of PS3.6. */
const NAMES: Readonly<Record<CoercedAttribute, string>> = {
  institution: 'Institution Name',
  issuer: 'Issuer of Patient ID',
  accessionPrefix: 'Accession Number',
};

/** Attribute names for people: "Institution Name, Accession Number". */
export const nameCoerced = (attributes: readonly CoercedAttribute[]): string =>
  attributes.map((attribute) => NAMES[attribute]).join(', ');

/** Parses the coercion stored with a study. Null: the study is sent as it was promised. */
export const coercionOf = (stored: unknown): Coercion | null =>
  stored === null ? null : coercionSchema.parse(stored);

export const attributesOf = (coercion: Coercion): readonly CoercedAttribute[] =>
  COERCED_ATTRIBUTES.filter((attribute) => coercion[attribute] !== undefined);
