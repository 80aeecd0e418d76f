/**
 * Describes a study before its instances arrive, for the rules that choose its destinations. Where names are removed,
 * the description has only codes that the standard defines, because a file can contain anything there, even a name.
 */
import { BODY_PARTS, MODALITIES } from '../dicom/defined-terms.ts';
import type { InstanceDescription } from '../dicom/describe-instance.ts';
import { VALUES_LIMIT, type Described } from '../protocol/rule.ts';

/** Keeps values that are no longer than their field may be, each once, and no more of them than a manifest takes. */
const listOf = (values: Iterable<string>, most: number): string[] =>
  [...new Set(values)].filter((value) => value !== '' && value.length <= most).slice(0, VALUES_LIMIT);

/** PS3.5 §6.2: a CS has at most 16 characters, an LO 64. */
const CODE_CHARACTERS = 16;
const TEXT_CHARACTERS = 64;

export function describeStudy(
  { modalities, bodyParts, descriptions }: Readonly<Record<keyof Described, Iterable<string>>>,
  deidentify: boolean,
): Described {
  const codes = (values: Iterable<string>, terms: ReadonlySet<string>): string[] =>
    listOf(deidentify ? [...values].filter((value) => terms.has(value)) : values, CODE_CHARACTERS);
  return {
    modalities: codes(modalities, MODALITIES),
    bodyParts: codes(bodyParts, BODY_PARTS),
    descriptions: deidentify ? [] : listOf(descriptions, TEXT_CHARACTERS),
  };
}

/** Describes a study by one instance. */
export const describeOne = (
  { modality, bodyPart, studyDescription }: InstanceDescription,
  deidentify: boolean,
): Described =>
  describeStudy(
    {
      modalities: [modality ?? ''],
      bodyParts: [bodyPart ?? ''],
      descriptions: [studyDescription ?? ''],
    },
    deidentify,
  );

/** Joins the descriptions of several instances under the same policy. Empty if there is nothing to say. */
export function joinDescribed(all: Iterable<Described>): { readonly described?: Described } {
  const each = [...all];
  const joined: Described = {
    modalities: listOf(
      each.flatMap(({ modalities }) => modalities),
      CODE_CHARACTERS,
    ),
    bodyParts: listOf(
      each.flatMap(({ bodyParts }) => bodyParts),
      CODE_CHARACTERS,
    ),
    descriptions: listOf(
      each.flatMap(({ descriptions }) => descriptions),
      TEXT_CHARACTERS,
    ),
  };
  return Object.values(joined).some(({ length }) => length > 0) ? { described: joined } : {};
}
