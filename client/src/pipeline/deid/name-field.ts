/** Names a field of the data set in ordinary words. Pure. */
import { deidWords } from './deid-words.ts';

/** A step of a path such as `0040,a730[1]>0040,a160` (shared/deid/companions.ts). */
const STEP = /^([0-9a-f]{4}),([0-9a-f]{4})/;

/** "Content sequence › Text value". A field for which the standard has no keyword keeps its tag. */
export function nameField(path: string, keywords: ReadonlyMap<number, string>): string {
  return path
    .split('>')
    .map((step) => nameStep(step, keywords))
    .join(' › ');
}

function nameStep(step: string, keywords: ReadonlyMap<number, string>): string {
  const [tag = step, group = '', element = ''] = STEP.exec(step) ?? [];
  const keyword = keywords.get(Number.parseInt(group + element, 16));
  if (keyword !== undefined) return toWords(keyword);
  const isPrivate = Number.parseInt(group, 16) % 2 === 1;
  return `${isPrivate ? deidWords.value.privateElement : deidWords.value.nameless} (${tag})`;
}

/** `SeriesDescription` → "Series description", `StationAETitle` → "Station AE title". */
function toWords(keyword: string): string {
  const [first = '', ...rest] = keyword.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/);
  return [first, ...rest.map((word) => (/^[A-Z]+$/.test(word) ? word : word.toLowerCase()))].join(' ');
}
