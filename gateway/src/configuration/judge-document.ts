/**
 * Judges a document in a thread, each entry by itself, so that all mistakes are named. Positions are repeated, and no
 * values or names that the sender chose.
 */
import { z } from 'zod';
import {
  configuredBackupsSchema,
  configuredDestinationSchema,
  configuredQuotaSchema,
  configuredRulesSchema,
  configuredTemplateSchema,
  configuredTypeSchema,
  ENTRIES_LIMIT,
  type ConfigurationPart,
} from '#shared/protocol/configuration.ts';
import { policyDocumentSchema } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { retentionDaysSchema } from '#shared/protocol/retention.ts';
import { placesOf } from '../http/invalid-request.ts';
import { parserIn } from '../threads/parse-apart.ts';
import { parseJson } from '../threads/parse-json.ts';

type Entry = { readonly entry: object; readonly place: string };
export type Judged = {
  readonly parts: Partial<Record<ConfigurationPart, readonly Entry[]>>;
  readonly mistakes: readonly string[];
};

const SCHEMAS: Readonly<Record<ConfigurationPart, z.ZodType<object>>> = {
  policies: policyDocumentSchema,
  reviewTypes: configuredTypeSchema,
  exportTemplates: configuredTemplateSchema,
  destinations: configuredDestinationSchema,
  rules: configuredRulesSchema,
  quotas: configuredQuotaSchema,
  backups: configuredBackupsSchema,
  retention: retentionDaysSchema,
};
const PARTS = Object.keys(SCHEMAS) as ConfigurationPart[];
/** The document has one of it, not a list. */
const ONE: readonly ConfigurationPart[] = ['backups', 'retention'];
/** The most mistakes that are named. */
export const MISTAKES_LIMIT = 100;

/** @throws Problem invalid-request, bad-request. */
export function judgeDocument(bytes: Uint8Array): Judged {
  const read = z.record(z.string(), z.unknown()).safeParse(parseJson(bytes, { values: VALUES_LIMIT }));
  if (!read.success) throw new Problem('invalid-request', 'Invalid: json (expected: object).');
  const document = read.data;
  const mistakes: string[] = [];
  if (document['format'] !== 1) mistakes.push('format (expected: 1)');
  if (Object.keys(document).some((name) => name !== 'format' && !PARTS.includes(name as ConfigurationPart)))
    mistakes.push(`document (expected: ${PARTS.join(', ')}, and no other part)`);
  const parts: Partial<Record<ConfigurationPart, readonly Entry[]>> = {};
  for (const part of PARTS)
    if (document[part] !== undefined) parts[part] = judgePart(part, document[part], mistakes);
  return { parts, mistakes };
}

/** Room for the largest site, and for what its schemas do with it. */
const VALUES_LIMIT = 100_000;

function judgePart(part: ConfigurationPart, given: unknown, mistakes: string[]): readonly Entry[] {
  const isOne = ONE.includes(part);
  const list = isOne ? [given] : z.array(z.unknown()).max(ENTRIES_LIMIT).safeParse(given).data;
  if (list === undefined) {
    mistakes.push(`${part} (expected: array, at most ${ENTRIES_LIMIT})`);
    return [];
  }
  const entries: Entry[] = [];
  for (const [nth, one] of list.entries()) {
    if (mistakes.length >= MISTAKES_LIMIT) break;
    const place = isOne ? part : `${part}.${nth}`;
    const read = SCHEMAS[part].safeParse(one);
    if (read.success) entries.push({ entry: read.data, place });
    else
      for (const words of placesOf(withoutKeys(read.error.issues.slice(0, MISTAKES_LIMIT)), '').slice(0, 5))
        mistakes.push(`${place}${words === '' || words.startsWith(' ') ? '' : '.'}${words}`);
  }
  return entries;
}

/** A key that the schema does not give may be any text. */
const KNOWN = /^(?:\d+|[a-z][a-zA-Z-]{0,40})$/;
const RECORDS = ['attributes', 'properties'];

const withoutKeys = (issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] =>
  issues.map((issue) => {
    const record = issue.path.findIndex((key) => RECORDS.includes(String(key)));
    const wrong = issue.path.findIndex((key) => !KNOWN.test(String(key)));
    const end = Math.min(...[record + 1, wrong].filter((at) => at > 0), issue.path.length);
    return { ...issue, path: issue.path.slice(0, end) };
  });

export const DOCUMENT = parserIn(import.meta.url, judgeDocument);
