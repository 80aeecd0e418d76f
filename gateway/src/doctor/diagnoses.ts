/**
 * Every diagnosis: the check to which it belongs, its severity, its meaning, and what to change where. Facts come from
 * untrusted servers, so control characters are escaped and long facts are cut.
 */
import type { CheckName, Diagnoses, Place, Result } from './checks.ts';
import { OF_DIMSE } from './dimse-diagnoses.ts';
import { OF_SEARCH } from './search-diagnoses.ts';
import { OF_STORE } from './store-diagnoses.ts';
import { OF_WAY } from './way-diagnoses.ts';

export type Finding = {
  readonly check: CheckName;
  readonly result: Result;
  readonly code: string;
  readonly says: string;
  readonly change: readonly { readonly at: Place; readonly text: string }[];
};

const TABLES = [OF_WAY, OF_SEARCH, OF_STORE, OF_DIMSE] as const;
type CodesOf<Table> = Table extends unknown ? { [C in keyof Table]: keyof Table[C] }[keyof Table] : never;
export type DiagnosisCode = CodesOf<(typeof TABLES)[number]> & string;

type Texts = Readonly<Partial<Record<Result | Place, string>>>;
const DIAGNOSES = new Map<string, { readonly check: CheckName; readonly texts: Texts }>(
  TABLES.flatMap((table: Diagnoses) =>
    Object.entries(table).flatMap(([check, rows]) =>
      Object.entries(rows).map(([code, texts]) => [code, { check: check as CheckName, texts }] as const),
    ),
  ),
);

const RESULTS: readonly Result[] = ['ok', 'warn', 'fail', 'skipped'];
const PLACES: readonly Place[] = ['any', 'nginx', 'Orthanc', 'dcm4chee', 'cloud'];

type Facts = Readonly<Record<string, string | number>>;

/** Throws if a fact of the sentence is missing. */
export function diagnose(code: DiagnosisCode, facts: Facts = {}): Finding {
  const { check, texts } = DIAGNOSES.get(code)!;
  const result = RESULTS.find((one) => texts[one] !== undefined)!;
  const change = PLACES.flatMap((at) => {
    const text = texts[at];
    return text === undefined ? [] : [{ at, text: fill(text, facts) }];
  });
  return { check, result, code, says: fill(texts[result]!, facts), change };
}

/** The finding to look at first. Null: nothing is wrong. */
export function worstOf(findings: readonly Finding[]): Finding | null {
  const first = (wanted: Result) => findings.find(({ result }) => result === wanted);
  return first('fail') ?? first('warn') ?? null;
}

/** The finding for a check that was not made. */
export const skipped = (check: CheckName, says: string): Finding => ({
  check,
  result: 'skipped',
  code: 'skipped',
  says,
  change: [],
});

function fill(text: string, facts: Facts): string {
  return text.replace(/\{([a-z]{1,64})\}/g, (_, name: string) => {
    const fact = facts[name];
    if (fact === undefined) throw new Error(`a diagnosis lacks the fact ${name}`);
    return harmless(String(fact));
  });
}

/**
 * Escapes and shortens a text: a hostile server's certificate or header must neither control nor flood the terminal.
 */
function harmless(text: string): string {
  const written = text.replace(/[^\x20-\x7e]/g, (character) => {
    const point = character.codePointAt(0)!;
    return /[\p{L}\p{N}]/u.test(character) ? character : `\\u${point.toString(16).padStart(4, '0')}`;
  });
  return written.length > 200 ? `${written.slice(0, 200)}…` : written;
}
