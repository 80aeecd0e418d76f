/** Names for what the gateway itself added to a study, used in timelines. */
import type { Added } from '#shared/protocol/studies.ts';

const words = {
  marks: 'A reader’s marks',
  report: (model: string) => `Report by ${model}`,
  unknown: 'Results',
  and: ', ',
  line: (what: string, step: string) => `${what}: ${step}`,
};

const steps = {
  'upload-opened': 'created by the gateway',
  'parcel-received': 'on the way to the PACS',
  'parcel-verified': 'checked by the gateway',
  'study-forwarded': 'sent to the PACS',
  'receipt-issued': 'receipt issued',
} as Readonly<Record<string, string>>;

/** Undefined: the event gets the same words as any other. */
export function addedStep(event: string, added: Added): string | undefined {
  return steps[event] && said(added, steps[event]);
}

/** The first and the last of its steps that have a name here; undefined: none has. */
export function addedRoad(added: Added, events: readonly string[]): string | undefined {
  const named = events.flatMap((event) => steps[event] ?? []);
  const ends = new Set(named.slice(0, 1).concat(named.slice(-1)));
  return ends.size === 0 ? undefined : said(added, [...ends].join(words.and));
}

function said({ marks, models }: Added, step: string): string {
  const parts = [...(marks ? [words.marks] : []), ...models.map(words.report)];
  return words.line(parts.length === 0 ? words.unknown : parts.join(words.and), step);
}
