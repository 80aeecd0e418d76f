/** Describes an event in plain words: who, what, whom, which study or case, from where, and whether it failed. Pure. */
import { outcomeOf, studiesIn, type Outcome } from '#shared/protocol/audit-events.ts';
import type { AuditNames, AuditRow } from '#shared/protocol/audit-page.ts';
import { RESULTS_POLICY_NAME } from '#shared/protocol/policy.ts';
import { caseFieldWords } from '../kit/case-field-words.ts';
import { kitWords } from '../kit/kit-words.ts';
import { auditWords as words } from './audit-words.ts';
import { ownIn, shortOf, textOf, versionOf, whatOfNamed } from './name-subject.ts';
import { reasonInSentence } from '../kit/sending-reason-words.ts';

export type Described = {
  readonly who: string;
  /** The account behind the event; null: the gateway, or somebody without an account. */
  readonly whoId: string | null;
  readonly what: string;
  /** Details: whom it was done to, why, how much. */
  readonly more: readonly string[];
  readonly whomId: string | null;
  readonly study: { readonly uid: string; readonly uploadId: string | null } | null;
  readonly case: { readonly id: string; readonly number: number | null } | null;
  readonly device: { readonly id: string; readonly name: string | null } | null;
  readonly from: string | null;
  /** When the event ended: readings within a quarter of an hour are one event. */
  readonly until: string | null;
  readonly outcome: Outcome;
};

export function describeEvent(row: AuditRow, names: AuditNames): Described {
  const { event, fields } = row;
  const by = textOf(fields, 'by');
  const account = textOf(fields, 'accountId');
  const whoId = by ?? account;
  const whomId = by !== null && account !== null && account !== by ? account : null;
  const [uid = null, ...others] = studiesIn(fields);
  const caseId = textOf(fields, 'caseId');
  const deviceId = textOf(fields, 'deviceId');
  return {
    who: whoOf(event, whoId, names),
    whoId,
    whomId,
    what: whatOf(row, names, whomId),
    more: [
      ...(whomId === null ? [] : [nameIn(names, whomId)]),
      ...(deviceId !== null && event.startsWith('device-') ? [deviceIn(names, deviceId)] : []),
      ...moreOf(event, fields),
    ],
    study: uid === null || others.length > 0 ? null : { uid, uploadId: ownIn(names.studies, uid) },
    case: caseId === null ? null : { id: caseId, number: ownIn(names.cases, caseId) },
    device: deviceId === null ? null : { id: deviceId, name: ownIn(names.devices, deviceId) },
    from: fromOf(event, fields, names),
    until: SPANNED.includes(event) ? textOf(fields, 'until') : null,
    outcome: outcomeOf(event, fields),
  };
}

type Fields = AuditRow['fields'];
/** Events for which the page also shows the counts in their fields. */
const COUNTED: readonly string[] = [
  ...['records-read', 'study-found', 'audit-read'],
  ...['instances-covered', 'instances-released', 'instances-decided'],
];
const SPANNED: readonly string[] = ['records-read', 'study-found', 'audit-read'];
const nameIn = (names: AuditNames, id: string): string =>
  ownIn(names.accounts, id) ?? words.removed(shortOf(id));

function whatOf({ event, fields }: AuditRow, names: AuditNames, whomId: string | null): string {
  if (event === 'logout' && whomId !== null) return words.endedSessions;
  if (event === 'instances-decided')
    return fields['cancelled'] === true
      ? words.cancelled
      : (ownIn(words.decided, textOf(fields, 'decision') ?? '') ?? words.events[event]!);
  if (event === 'upload-opened' && fields['policy'] === RESULTS_POLICY_NAME) return words.sendsResults;
  if (event === 'study-forwarded' && fields['posted'] === 0)
    return Number(fields['refused'] ?? 0) > 0 ? words.ofNothing.refused : words.ofNothing.forwarded;
  if (event === 'receipt-issued' && fields['inPacs'] === 0 && fields['firstOnly'] === undefined)
    return words.ofNothing.receipt;
  const verdict = event === 'result-verified' ? ownIn(words.verdicts, textOf(fields, 'verdict') ?? '') : null;
  return verdict ?? whatOfNamed(event, fields, names) ?? ownIn(words.events, event) ?? event;
}

/** The words for a code in an event's field; null: there are none. */
export function wordOf(name: string, value: unknown): string | null {
  if (name === 'reason') return reasonInSentence(value);
  const codes = ownIn(words.values, name);
  return codes === null || typeof value !== 'string' ? null : ownIn(codes, value);
}

/** Says whether names of patients left a device and why, or whether a search or a reading showed them. */
function namesOf(event: string, { withNames, named, reason }: Fields): string[] {
  if (event === 'records-read') return named === true ? [words.named] : [];
  if (event === 'study-found') return [named === true ? words.named : words.unnamed];
  if (event !== 'upload-opened' || withNames !== true) return [];
  const said = reasonInSentence(reason);
  return [said === null ? words.withNames : words.withNamesFor(said)];
}

function whoOf(event: string, id: string | null, names: AuditNames): string {
  if (id !== null) return nameIn(names, id);
  return event === 'login-failed' ? words.nobody : words.gateway;
}

/** The reason from a closed list, roles, and what was read. */
function moreOf(event: string, fields: Fields): string[] {
  const studies = studiesIn(fields);
  const because = ownIn(words.because, textOf(fields, 'because') ?? '');
  const roles = fields['roles'];
  if (fields['cancelled'] === true)
    return [words.leftOutWhenCancelled(Number(fields['instances']), Number(fields['arrived']))];
  const counts = Object.entries(words.counts).flatMap(([name, say]) => {
    const count = fields[name];
    return typeof count === 'number' && count > 0 ? [say(count)] : [];
  });
  return [
    ...versionOf(event, fields),
    ...(because === null ? [] : [because]),
    ...namesOf(event, fields),
    ...(event === 'records-read' && fields['viewer'] === true ? [words.inViewer] : []),
    ...(event === 'records-read' && fields['siteViewer'] === true ? [words.inSiteViewer] : []),
    ...(Array.isArray(roles)
      ? [roles.map((role) => ownIn(kitWords.roles, String(role)) ?? String(role)).join(', ')]
      : []),
    ...(studies.length > 1 ? [words.studies(studies.length)] : []),
    ...(event === 'case-changed' ? fieldsIn(fields['changed']) : []),
    ...(COUNTED.includes(event) ? counts : []),
    ...(event === 'instances-decided'
      ? [wordOf('cause', fields['cause'])].filter((word) => word !== null)
      : []),
  ];
}

function fieldsIn(changed: unknown): string[] {
  const names = Array.isArray(changed) ? changed : [];
  const said = names.flatMap((name) => ownIn(caseFieldWords, String(name)) ?? []);
  return said.length === 0 ? [] : [said.join(', ')];
}

/** The device's name, and enough of its id to tell it from others. */
const deviceIn = (names: AuditNames, id: string): string =>
  words.device(ownIn(names.devices, id), shortOf(id));

/** Where the action came from. An event about a device, a key or a modality was not caused by it. */
function fromOf(event: string, fields: Fields, names: AuditNames): string | null {
  const key = textOf(fields, 'keyId');
  if (key !== null && !event.startsWith('api-key-'))
    return words.from.key(ownIn(names.keys, key) ?? shortOf(key));
  const device = textOf(fields, 'deviceId');
  if (device !== null && !event.startsWith('device-')) return words.from.device(deviceIn(names, device));
  if (textOf(fields, 'peerId') !== null) return event.startsWith('dimse-') ? null : words.from.modality;
  const address = textOf(fields, 'address');
  if (address === null || textOf(fields, 'destinationId') !== null) return null;
  return words.from.address(address);
}

/** The end of a UID. It tells studies apart, while many share the beginning. */
export const endOf = (uid: string): string => uid.slice(-12);
