/**
 * The cohort of an image's patient, from the header: sex and an age band. Nothing else about the patient is passed on.
 */
import type { ParsedInstance } from '../dicom/data-set.ts';
import { PATIENT_SEX } from '../dicom/tags.ts';
import { findElement, textOf } from '../dicom/values.ts';
import { type AgeBand, ageBandOf, type Sex, SEXES } from '../protocol/analytics.ts';
import { agesOf } from './population.ts';

export type CohortOfImage = { readonly sex: Sex | null; readonly ageBand: AgeBand | null };

/** Null: the header does not say, or gives two different ages. */
export function cohortOf(instance: ParsedInstance): CohortOfImage {
  const said = textOf(findElement(instance.elements, PATIENT_SEX), instance)?.toUpperCase();
  const bands = new Set(agesOf(instance).map(ageBandOf));
  const [ageBand = null] = bands;
  return {
    sex: SEXES.find((sex) => sex === said) ?? null,
    ageBand: bands.size === 1 ? ageBand : null,
  };
}
