/**
 * The form of a review type: a JSON Schema (2020-12) of an object with one property per question. `x-field` names the
 * kind of question. A form may use only what a page can draw and what lets two readers' answers be compared, so any
 * JSON Schema validator judges answers as the gateway does.
 */
import { z } from 'zod';
import { lineSchema } from './line-schema.ts';

export const FIELDS_LIMIT = 30;
export const OPTIONS_LIMIT = 12;
/** Nobody can tell more steps than this apart. */
export const STEPS_LIMIT = 10;
export const TEXT_LIMIT = 4000;

/** The name begins with a letter, because objects keep only such names in their order. */
const fieldNameSchema = z
  .string()
  .regex(/^[a-z][a-zA-Z0-9]{0,39}$/, 'letters and digits, beginning with a lower-case letter');
const codeSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'lower-case letters, digits and hyphens, beginning with a letter');

const question = { title: lineSchema(160), description: lineSchema(400).optional() };
const numbers = { minimum: z.number(), maximum: z.number(), 'x-tolerance': z.number().min(0).optional() };

const radioSchema = z.strictObject({
  ...question,
  'x-field': z.literal('radio'),
  type: z.literal('string'),
  oneOf: z
    .array(z.strictObject({ const: codeSchema, title: lineSchema(80) }))
    .min(2)
    .max(OPTIONS_LIMIT),
  /** The answers that agree with a positive finding of a model. */
  'x-positive': z.array(codeSchema).min(1).optional(),
  /** The answers that agree with a negative finding of a model. */
  'x-negative': z.array(codeSchema).min(1).optional(),
});
const scaleSchema = z.strictObject({
  ...question,
  'x-field': z.literal('scale'),
  type: z.literal('integer'),
  minimum: z.int(),
  maximum: z.int(),
  'x-tolerance': z.int().min(0).optional(),
  /** Labels of the lowest and the highest step. */
  'x-ends': z.tuple([lineSchema(40), lineSchema(40)]).optional(),
});
const numberSchema = z.strictObject({
  ...question,
  ...numbers,
  'x-field': z.literal('number'),
  type: z.literal('number'),
});
const measurementSchema = z.strictObject({
  ...question,
  ...numbers,
  'x-field': z.literal('measurement'),
  type: z.literal('number'),
  /** A UCUM unit. */
  'x-unit': z.enum(['mm', 'cm', 'mm2', 'cm2', 'mL', 'deg', '%', "[hnsf'U]"]),
});
const textSchema = z.strictObject({
  ...question,
  'x-field': z.literal('text'),
  type: z.literal('string'),
  maxLength: z.int().min(1).max(TEXT_LIMIT),
});
const fieldSchema = z.discriminatedUnion('x-field', [
  radioSchema,
  scaleSchema,
  numberSchema,
  measurementSchema,
  textSchema,
]);
export type ReviewField = z.infer<typeof fieldSchema>;

export const reviewFormSchema = z
  .strictObject({
    type: z.literal('object'),
    properties: z.record(fieldNameSchema, fieldSchema),
    required: z.array(fieldNameSchema),
    additionalProperties: z.literal(false),
  })
  .superRefine((form, context) => {
    const count = Object.keys(form.properties).length;
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (count === 0 || count > FIELDS_LIMIT) refuse(['properties'], `1 to ${FIELDS_LIMIT} questions`);
    for (const [at, name] of form.required.entries())
      if (!Object.hasOwn(form.properties, name)) refuse(['required', at], 'no such question');
    if (new Set(form.required).size < form.required.length) refuse(['required'], 'named twice');
    for (const [name, field] of Object.entries(form.properties)) {
      const fault = faultOfField(field);
      if (fault !== null) refuse(['properties', name], fault);
    }
  });
export type ReviewForm = z.infer<typeof reviewFormSchema>;

function faultOfField(field: ReviewField): string | null {
  if (field['x-field'] === 'text') return null;
  if (field['x-field'] === 'radio') {
    const codes = new Set(field.oneOf.map((option) => option.const));
    if (codes.size < field.oneOf.length) return 'two answers of one code';
    const { 'x-positive': positive = [], 'x-negative': negative = [] } = field;
    if (![...positive, ...negative].every((code) => codes.has(code)))
      return 'x-positive, x-negative: no such answer';
    return positive.some((code) => negative.includes(code)) ? 'x-positive and x-negative: one answer' : null;
  }
  if (field.minimum >= field.maximum) return 'minimum below maximum';
  const isTooLong = field['x-field'] === 'scale' && field.maximum - field.minimum >= STEPS_LIMIT;
  return isTooLong ? `at most ${STEPS_LIMIT} steps` : null;
}

/** Answers by the name of their question. */
export const answersSchema = z.record(
  fieldNameSchema,
  z.union([
    z
      .string()
      .min(1)
      .max(TEXT_LIMIT)
      .regex(/^[\P{Cc}\n\t]*$/u, 'no control characters but line breaks and tabs'),
    z.number(),
  ]),
);
export type Answers = z.infer<typeof answersSchema>;

/** The names of questions whose answer is missing or not allowed. */
export function faultsOf({ properties, required }: ReviewForm, answers: Answers): string[] {
  const missing = required.filter((name) => !Object.hasOwn(answers, name));
  const wrong = Object.entries(answers).flatMap(([name, answer]) => {
    const field = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return field !== undefined && fits(field, answer) ? [] : [name];
  });
  return [...missing, ...wrong];
}

function fits(field: ReviewField, answer: string | number): boolean {
  switch (field['x-field']) {
    case 'radio':
      return field.oneOf.some((option) => option.const === answer);
    case 'text':
      // JSON Schema counts characters, not UTF-16 code units.
      return typeof answer === 'string' && [...answer].length <= field.maxLength;
    case 'scale':
      return Number.isInteger(answer) && isWithin(field, answer);
    case 'number':
    case 'measurement':
      return isWithin(field, answer);
    default:
      return field satisfies never;
  }
}

const isWithin = (
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
  answer: string | number,
): boolean => typeof answer === 'number' && answer >= minimum && answer <= maximum;

/** Separates typed answers, which may hold a name, from chosen and measured ones. */
export function splitAnswers(
  { properties }: ReviewForm,
  answers: Answers,
): { readonly coded: Answers; readonly typed: Answers } {
  const isTyped = ([name]: [string, unknown]): boolean => properties[name]?.['x-field'] === 'text';
  const all = Object.entries(answers);
  return {
    coded: Object.fromEntries(all.filter((one) => !isTyped(one))),
    typed: Object.fromEntries(all.filter(isTyped)),
  };
}

/** The questions that two readers answer differently. Typed answers are not compared. */
export function differencesOf({ properties }: ReviewForm, one: Answers, other: Answers): string[] {
  return Object.entries(properties).flatMap(([name, field]) =>
    isSame(field, one[name], other[name]) ? [] : [name],
  );
}

type Answer = string | number | undefined;

function isSame(field: ReviewField, one: Answer, other: Answer): boolean {
  if (field['x-field'] === 'text' || one === other) return true;
  const tolerance = field['x-field'] === 'radio' ? 0 : (field['x-tolerance'] ?? 0);
  return typeof one === 'number' && typeof other === 'number' && Math.abs(one - other) <= tolerance;
}
