/**
 * The answer to a store request (PS3.18 §10.5.3 and Annex I): which instances the PACS has, and which it does not have
 * and why, in the DICOM JSON Model or as the Native DICOM Model in XML.
 */
import { isInPacs, isSettled, type InstanceState } from '#shared/protocol/study-state.ts';
import { REASONS, type ReasonCode } from '#shared/protocol/reasons.ts';
import type { FileEntry } from '../../pipeline/stores/sent-file.store.ts';
import { retrieveUrl } from '../dicomweb/own-addresses.ts';

/** An instance of the request that is being sent or was sent. */
export type StoredInstance = {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
  readonly sopClassUID: string;
  readonly digest: string;
  readonly state: InstanceState;
  readonly reason: ReasonCode | null;
  readonly pacsCode: number | null;
};

/** Failure reasons of PS3.18 Table I.2-2, and of PS3.7 Annex C where that table has none. */
const PROCESSING_FAILURE = 0x0110;
const DUPLICATE = 0x0111;
const CLASS_NOT_SUPPORTED = 0x0122;
const NOT_AUTHORIZED = 0x0124;
const DOES_NOT_MATCH = 0xa900;
const CANNOT_UNDERSTAND = 0xc000;

const BY_REASON: { readonly [reason in ReasonCode]?: number } = {
  'conflicting-instance': DUPLICATE,
  'already-here-other-policy': DUPLICATE,
  'already-here-other-boxes': DUPLICATE,
  'already-here-other-key': DUPLICATE,
  'sop-class-not-storage': CLASS_NOT_SUPPORTED,
  'manifest-mismatch': DOES_NOT_MATCH,
};

type Attribute = { readonly vr: 'UI' | 'US' | 'UR' | 'SQ'; readonly Value?: readonly unknown[] };
type DataSet = Readonly<Record<string, Attribute>>;

type StowAnswer = { readonly status: 200 | 202 | 409; readonly dataSet: DataSet };

/** `stored`: by UID and digest. `address`: that of `/dicom-web`, for instances that can be retrieved there. */
type Known = {
  readonly stored: ReadonlyMap<string, StoredInstance>;
  readonly isOver: boolean;
  readonly address: string;
};

/**
 * 200: the PACS has confirmed all instances without a warning. 202: only some of them, or not all yet. 409: none of
 * them, and it will confirm none.
 */
export function toAnswer(entries: readonly FileEntry[], { stored, isOver, address }: Known): StowAnswer {
  const studies = new Set<string>();
  const referenced: DataSet[] = [];
  const failed: DataSet[] = [];
  const unnamed: DataSet[] = [];
  let warnings = 0;
  let waiting = isOver ? 0 : 1;
  for (const entry of entries) {
    if (entry.state !== 'sent') {
      const failure = { ...failureOf(entry.state, entry.reason) };
      const { sopInstanceUID, sopClassUID } = entry;
      if (sopInstanceUID === undefined || sopClassUID === undefined) unnamed.push(failure);
      else failed.push({ ...named({ sopInstanceUID, sopClassUID }), ...failure });
      continue;
    }
    const instance = stored.get(`${entry.sopInstanceUID} ${entry.digest}`);
    if (instance === undefined) waiting += 1;
    else if (isInPacs(instance.state)) {
      const warning = instance.state === 'coerced' ? (instance.pacsCode ?? 0xb000) : null;
      if (warning !== null) warnings += 1;
      studies.add(instance.studyInstanceUID);
      referenced.push({
        ...named(instance),
        '00081190': toUrl(addressOf(instance, address)),
        ...(warning !== null && { '00081196': unsigned(warning) }),
      });
    } else if (isSettled(instance.state)) {
      const reason = instance.pacsCode ?? codeOf(instance.state, instance.reason);
      failed.push({ ...named(instance), '00081197': unsigned(reason) });
    } else waiting += 1;
  }
  const failures = failed.length + unnamed.length;
  const isWhole = failures + warnings + waiting === 0;
  return {
    status: isWhole ? 200 : referenced.length + waiting > 0 ? 202 : 409,
    dataSet: {
      // Type 2 (PS3.18 Table I.1-1): the URL of the study, if all instances are of one.
      '00081190': studies.size === 1 ? toUrl(`${address}/studies/${[...studies].join('')}`) : { vr: 'UR' },
      ...(failed.length > 0 && { '00081198': sequence(failed) }),
      ...(referenced.length > 0 && { '00081199': sequence(referenced) }),
      // Other Failures Sequence: instances whose UID is unknown.
      ...(unnamed.length > 0 && { '0008119A': sequence(unnamed) }),
    },
  };
}

/** The most reasons in words that fit into a header. */
const WARNINGS_SAID = 3;

/**
 * RFC 7234 §5.5.7: the distinct reasons for rejected instances in words, with what to do. The numeric codes of the
 * answer are few and general: 292 stands for many reasons. Null: all instances were accepted.
 */
export function warningOf(entries: readonly FileEntry[], stored: Known['stored']): string | null {
  const reasons = new Set(
    entries.flatMap((entry) => {
      if (entry.state !== 'sent') return [entry.reason];
      const instance = stored.get(`${entry.sopInstanceUID} ${entry.digest}`);
      const isRefused = instance !== undefined && isSettled(instance.state) && !isInPacs(instance.state);
      return isRefused && instance.reason !== null ? [instance.reason] : [];
    }),
  );
  const said = [...reasons].slice(0, WARNINGS_SAID).map((reason) => {
    const { title, next } = REASONS[reason];
    return `299 RelayPACS "${inAscii(`${title} ${next}`)}"`;
  });
  return said.length === 0 ? null : said.join(', ');
}

const inAscii = (text: string): string => text.replace(/[’“”"]/g, "'").replace(/[^\x20-\x7e]/g, '-');

/**
 * The result of a request for storage commitment (PS3.18 Table J.2-1). `reasons`: for each reference, why it is not
 * kept; null if it is kept.
 */
export function toCommitment(
  asked: readonly Pick<StoredInstance, 'sopClassUID' | 'sopInstanceUID'>[],
  reasons: readonly (number | null)[],
): DataSet {
  const items = asked.map((one, at) => ({ item: named(one), reason: reasons[at] ?? null }));
  const failed = items.flatMap(({ item, reason }) =>
    reason === null ? [] : [{ ...item, '00081197': unsigned(reason) }],
  );
  const kept = items.flatMap(({ item, reason }) => (reason === null ? [item] : []));
  return {
    ...(failed.length > 0 && { '00081198': sequence(failed) }),
    ...(kept.length > 0 && { '00081199': sequence(kept) }),
  };
}

const failureOf = (state: string, reason: ReasonCode): DataSet => ({
  '00081197': unsigned(codeOf(state, reason)),
});

/** The failure reason of a rejected instance. */
export function codeOf(state: string, reason: ReasonCode | null): number {
  const own = reason === null ? undefined : BY_REASON[reason];
  if (own !== undefined) return own;
  if (state === 'quarantined') return NOT_AUTHORIZED;
  return state === 'refused' || state === 'skipped' ? CANNOT_UNDERSTAND : PROCESSING_FAILURE;
}

const named = ({
  sopClassUID,
  sopInstanceUID,
}: Pick<StoredInstance, 'sopClassUID' | 'sopInstanceUID'>): DataSet => ({
  '00081150': { vr: 'UI', Value: [sopClassUID] },
  '00081155': { vr: 'UI', Value: [sopInstanceUID] },
});

const addressOf = (
  { studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance }: StoredInstance,
  address: string,
): string => retrieveUrl(address, { study, series, instance });

const toUrl = (address: string): Attribute => ({ vr: 'UR', Value: [address] });
const unsigned = (code: number): Attribute => ({ vr: 'US', Value: [code] });
const sequence = (items: readonly DataSet[]): Attribute => ({ vr: 'SQ', Value: items });
