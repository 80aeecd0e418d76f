/** Names for what the gateway itself added to a study, in timelines. */
import type { Added } from '#shared/protocol/studies.ts';

const words = {
  marks: 'Marks of a reader',
  report: (model: string) => `Report of ${model}`,
  unknown: 'Results',
  and: ', ',
};

const step = {
  'upload-opened': (what: string) => `${what}: made by the gateway`,
  'parcel-received': (what: string) => `${what}: on the way to the PACS`,
  'parcel-verified': (what: string) => `${what}: checked by the gateway`,
  'study-forwarded': (what: string) => `${what}: handed to the PACS`,
  'receipt-issued': (what: string) => `${what}: receipt issued`,
} as Readonly<Record<string, (what: string) => string>>;

/** Undefined: the event is told as any other. */
export function addedStep(event: string, { marks, models }: Added): string | undefined {
  const parts = [...(marks ? [words.marks] : []), ...models.map(words.report)];
  return step[event]?.(parts.length === 0 ? words.unknown : parts.join(words.and));
}
