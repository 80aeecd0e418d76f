/**
 * The header's transform from stored values to grey (PS3.3 §C.11): modality LUT or rescale, then the first VOI LUT or
 * window. Enhanced instances state it for each frame (§C.7.6.16.2.9, §C.7.6.16.2.10), other instances once.
 */
import type { ByteSource, DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import {
  FRAME_VOI_LUT_SEQUENCE,
  MODALITY_LUT_SEQUENCE,
  PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
  PIXEL_REPRESENTATION,
  PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
  RESCALE_INTERCEPT,
  RESCALE_SLOPE,
  SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
  VOI_LUT_FUNCTION,
  VOI_LUT_SEQUENCE,
  WINDOW_CENTER,
  WINDOW_WIDTH,
} from '../dicom/tags.ts';
import { findElement, numberOf, textOf, type ValueContext } from '../dicom/values.ts';
import { entryOf, rawEntryOf, readTable } from './lookup-table.ts';

/** Elements, and the context for decoding them. */
export interface Group {
  readonly elements: readonly DicomElement[];
  readonly context: ValueContext;
}

/** Converts a stored value to the modality's unit, for example Hounsfield. */
export interface Modality {
  readonly of: (stored: number) => number;
  readonly isLinear: boolean;
}
/** Converts a value in the modality's unit to grey, 0 to 1. */
type ValuesOfInterest = (value: number) => number;

export async function readModality(
  instance: ParsedInstance,
  source: ByteSource,
  frame: number,
): Promise<Modality> {
  const whole = { elements: instance.elements, context: instance };
  const sequence = itemOf(whole, MODALITY_LUT_SEQUENCE);
  const table =
    sequence && (await readTable(sequence.elements, sequence.context, source, isSigned(instance)));
  if (table) return { of: (stored) => rawEntryOf(table, stored), isLinear: false };
  const { elements, context } =
    functionalGroup(instance, PIXEL_VALUE_TRANSFORMATION_SEQUENCE, frame) ?? whole;
  const slope = numberOf(findElement(elements, RESCALE_SLOPE), context) ?? 1;
  const intercept = numberOf(findElement(elements, RESCALE_INTERCEPT), context) ?? 0;
  // A slope of 0 would make all values the same; writers use it to state no slope.
  return {
    of: slope === 0 ? (stored) => stored + intercept : (stored) => stored * slope + intercept,
    isLinear: true,
  };
}

/** Null if the header has no window and no VOI LUT. */
export async function readValuesOfInterest(
  instance: ParsedInstance,
  source: ByteSource,
  frame: number,
): Promise<ValuesOfInterest | null> {
  const group = voiGroup(instance, frame);
  const sequence = itemOf(group, VOI_LUT_SEQUENCE);
  const table =
    sequence && (await readTable(sequence.elements, sequence.context, source, isSigned(instance)));
  if (table) return (value) => entryOf(table, value);
  const window = windowIn(group);
  return window && windowOf(window.center, window.width, window.name);
}

/** In the modality's unit. `name`: VOI LUT Function. */
interface Window {
  readonly center: number;
  readonly width: number;
  readonly name: string;
}

/** The first window in the header. Null if there is none, or a VOI LUT, which takes precedence. */
export function readWindow(instance: ParsedInstance, frame: number): Window | null {
  const group = voiGroup(instance, frame);
  return itemOf(group, VOI_LUT_SEQUENCE) === null ? windowIn(group) : null;
}

function windowIn({ elements, context }: Group): Window | null {
  const center = numberOf(findElement(elements, WINDOW_CENTER), context);
  const width = numberOf(findElement(elements, WINDOW_WIDTH), context);
  const name = textOf(findElement(elements, VOI_LUT_FUNCTION), context) ?? 'LINEAR';
  return center === null || width === null ? null : { center, width, name };
}

function voiGroup(instance: ParsedInstance, frame: number): Group {
  const whole = { elements: instance.elements, context: instance };
  return functionalGroup(instance, FRAME_VOI_LUT_SEQUENCE, frame) ?? whole;
}

/** PS3.3 §C.11.2.1.2, §C.11.2.1.3. Null for a width that the standard does not allow. */
export function windowOf(center: number, width: number, name: string): ValuesOfInterest | null {
  if (name === 'SIGMOID')
    return width > 0 ? (value) => 1 / (1 + Math.exp((-4 * (value - center)) / width)) : null;
  const isExact = name === 'LINEAR_EXACT';
  // "Window Width shall be greater than or equal to 1"; for LINEAR_EXACT "greater than 0".
  if (isExact ? width <= 0 : width < 1) return null;
  const middle = isExact ? center : center - 0.5;
  const extent = isExact ? width : width - 1;
  return (value) => {
    if (value <= middle - extent / 2) return 0;
    return value > middle + extent / 2 ? 1 : (value - middle) / extent + 0.5;
  };
}

/** The first item of a functional group macro, for this frame or shared by all frames. */
export function functionalGroup(instance: ParsedInstance, macro: number, frame: number): Group | null {
  const groups = [
    [PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frame],
    [SHARED_FUNCTIONAL_GROUPS_SEQUENCE, 0],
  ] as const;
  for (const [sequence, which] of groups) {
    const item = findElement(instance.elements, sequence)?.items?.[which];
    const found =
      item && itemOf({ elements: item.elements, context: { ...instance, encoding: item.encoding } }, macro);
    if (found) return found;
  }
  return null;
}

function itemOf({ elements, context }: Group, sequence: number): Group | null {
  const item = findElement(elements, sequence)?.items?.[0];
  return item ? { elements: item.elements, context: { ...context, encoding: item.encoding } } : null;
}

function isSigned(instance: ParsedInstance): boolean {
  return numberOf(findElement(instance.elements, PIXEL_REPRESENTATION), instance) === 1;
}
