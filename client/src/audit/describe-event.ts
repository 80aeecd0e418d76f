/** An event in plain words: who, what, whom, which study or case, from where, and whether it failed. Pure. */
import { outcomeOf, type Outcome } from '#shared/protocol/audit-events.ts';
import type { AuditNames, AuditRow } from '#shared/protocol/audit-page.ts';
import { kitWords } from '../kit/kit-words.ts';
import { auditWords as words } from './audit-words.ts';

export type Described = {
  readonly who: string;
  /** The account behind it; null: the gateway, or somebody without one. */
  readonly whoId: string | null;
  readonly what: string;
  /** More of it: whom it was done to, why, how much. */
  readonly more: readonly string[];
  readonly whomId: string | null;
  readonly study: { readonly uid: string; readonly uploadId: string | null } | null;
  readonly case: { readonly id: string; readonly number: number | null } | null;
  readonly from: string | null;
  readonly outcome: Outcome;
};

export function describeEvent({ event, fields }: AuditRow, names: AuditNames): Described {
  const by = textOf(fields, 'by');
  const account = textOf(fields, 'accountId');
  const whoId = by ?? account;
  const whomId = by !== null && account !== null && account !== by ? account : null;
  const uid = textOf(fields, 'studyInstanceUID');
  const caseId = textOf(fields, 'caseId');
  return {
    who: whoOf(event, whoId, names),
    whoId,
    whomId,
    what: event === 'logout' && whomId !== null ? words.endedSessions : (ownIn(words.events, event) ?? event),
    more: [...(whomId === null ? [] : [nameIn(names, whomId)]), ...moreOf(event, fields)],
    study: uid === null ? null : { uid, uploadId: ownIn(names.studies, uid) },
    case: caseId === null ? null : { id: caseId, number: ownIn(names.cases, caseId) },
    from: fromOf(event, fields, names),
    outcome: outcomeOf(event, fields),
  };
}

type Fields = AuditRow['fields'];
const textOf = (fields: Fields, name: string): string | null => {
  const value = Object.hasOwn(fields, name) ? fields[name] : null;
  return typeof value === 'string' && value !== '' ? value : null;
};
const ownIn = <T>(table: Readonly<Record<string, T>>, key: string): T | null =>
  Object.hasOwn(table, key) ? (table[key] ?? null) : null;
const nameIn = (names: AuditNames, id: string): string => ownIn(names.accounts, id) ?? words.removed;

function whoOf(event: string, id: string | null, names: AuditNames): string {
  if (id !== null) return nameIn(names, id);
  return event === 'login-failed' ? words.nobody : words.gateway;
}

/** Reasons of a closed list, roles, and what was read. */
function moreOf(event: string, fields: Fields): string[] {
  const because = ownIn(words.because, textOf(fields, 'because') ?? '');
  const roles = fields['roles'];
  const counts = Object.entries(words.read).flatMap(([name, say]) => {
    const count = fields[name];
    return typeof count === 'number' && count > 0 ? [say(count)] : [];
  });
  return [
    ...(because === null ? [] : [because]),
    ...(Array.isArray(roles)
      ? [roles.map((role) => ownIn(kitWords.roles, String(role)) ?? String(role)).join(', ')]
      : []),
    ...(event === 'records-read' || event === 'audit-read' ? counts : []),
  ];
}

/** An event about a device was not done by it. */
function fromOf(event: string, fields: Fields, names: AuditNames): string | null {
  const key = textOf(fields, 'keyId');
  if (key !== null) return words.from.key(ownIn(names.keys, key) ?? key.slice(0, 8));
  if (textOf(fields, 'deviceId') !== null && !event.startsWith('device-')) return words.from.device;
  if (textOf(fields, 'peerId') !== null) return words.from.modality;
  const address = textOf(fields, 'address');
  if (address === null || textOf(fields, 'destinationId') !== null) return null;
  return words.from.address(address);
}

/** The end of a UID tells studies apart; its beginning is the same for many. */
export const endOf = (uid: string): string => uid.slice(-12);
