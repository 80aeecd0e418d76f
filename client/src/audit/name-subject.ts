/**
 * The thing that an event is about, by name: the name that the event holds, as the thing may have been renamed or
 * deleted since; else its present name; else the beginning of its id. Pure.
 */
import type { AuditNames, AuditRow } from '#shared/protocol/audit-page.ts';
import { namedEventWords as words } from './named-event-words.ts';

type Fields = AuditRow['fields'];

export const textOf = (fields: Fields, name: string): string | null => {
  const value = Object.hasOwn(fields, name) ? fields[name] : null;
  return typeof value === 'string' && value !== '' ? value : null;
};
export const ownIn = <T>(table: Readonly<Record<string, T>>, key: string): T | null =>
  Object.hasOwn(table, key) ? (table[key] ?? null) : null;
/** Enough of an id to tell things apart. */
export const shortOf = (id: string): string => id.slice(0, 8);

/** What happened, with the name of the thing; null: the event is about none, or has neither its name nor its id. */
export function whatOfNamed(event: string, fields: Fields, names: AuditNames): string | null {
  if (event === 'rules-changed') return whatOfRules(fields);
  if (event === 'quota-changed') return whoseQuota(fields);
  const say = ownIn(words.named, event);
  const name = say === null ? null : subjectOf(event, fields, names);
  return say === null || name === null ? null : say(name);
}

/** Null: rules of a kind that this app does not know. Events of earlier versions name no rule. */
function whatOfRules(fields: Fields): string | null {
  const what = ownIn(words.rules, textOf(fields, 'kind') ?? '');
  const changed = Object.hasOwn(fields, 'changed') ? fields['changed'] : null;
  return what === null || !Array.isArray(changed) || changed.length === 0
    ? what
    : words.rulesNamed(what, changed.map(String));
}

/** The version of the thing, where it has versions. */
export function versionOf(event: string, fields: Fields): string[] {
  const { version } = fields;
  const isVersion = typeof version === 'number' || (typeof version === 'string' && version !== '');
  return isVersion && VERSIONED.some((start) => event.startsWith(start))
    ? [words.version(String(version))]
    : [];
}
const VERSIONED = ['policy-', 'model-', 'export-template-', 'review-type-'];

/** Null: the quota of another account, which is named beside the event. */
function whoseQuota(fields: Fields): string | null {
  if (fields['accountId'] === null) return words.quota.ofEverybody;
  const account = textOf(fields, 'accountId');
  return account !== null && account === textOf(fields, 'by') ? words.quota.own : null;
}

function subjectOf(event: string, fields: Fields, names: AuditNames): string | null {
  const byId = (field: string, known: Readonly<Record<string, string>>, held: string | null = null) => {
    const id = textOf(fields, field);
    return id === null ? held : (ownIn(known, id) ?? held ?? shortOf(id));
  };
  if (event.startsWith('destination-') || event.startsWith('study-'))
    return textOf(fields, 'name') ?? byId('destinationId', names.destinations);
  if (event.startsWith('dimse-')) return byId('peerId', names.peers, textOf(fields, 'aeTitle'));
  if (event.startsWith('api-key-')) return byId('keyId', names.keys);
  return ['policy', 'model', 'template', 'reviewType'].reduce<string | null>(
    (found, field) => found ?? textOf(fields, field),
    null,
  );
}
