/**
 * The report of this device for IT staff, as text for a ticket: versions, the browser's abilities, and counts. It
 * contains no name, file name, UID or account. Studies appear only as numbers and codes of closed lists.
 */
import { REASON_CODES } from '#shared/protocol/reasons.ts';
import type { LinkNow } from '../net/link.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';

/** The app's storage as the browser reports it; null: the browser does not report it. */
export interface Kept {
  readonly usedBytes: number | null;
  readonly freeBytes: number | null;
  /** Whether the browser has promised not to clear the storage when space runs out. */
  readonly isPersisted: boolean | null;
  /** Files of the models and of their runtime. */
  readonly models: number;
}

export interface DeviceFacts {
  readonly version: string;
  readonly at: Date;
  readonly browser: string;
  readonly window: string;
  readonly link: LinkNow;
  readonly session: string;
  readonly roles: readonly string[];
  readonly lockMinutes: number | null;
  readonly isInstalled: boolean;
  readonly kept: Kept;
  readonly studies: readonly QueuedStudy[];
  /** Studies of other people that wait here. */
  readonly others: number;
  readonly apis: Readonly<Record<string, boolean>>;
}

const PLACES = ['unsafe', 'safe', 'onTheWay', 'atGateway', 'inPacs', 'needsYou', 'leftOut'] as const;

/** Returns for instance `a 2, b 1`; `none` for an empty list. */
function countsOf(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => `${value} ${count}`).join(', ') || 'none';
}

/** Returns the code if it is in the closed list; any other text could identify somebody. */
const codeOf = (reason: string | null): string =>
  REASON_CODES.find((known) => known === reason) ?? (reason === null ? 'no-reason' : 'other');

export function deviceReport(facts: DeviceFacts): string {
  const { kept, studies, apis } = facts;
  const bytes = (count: number | null) => (count === null ? 'unknown' : `${Math.round(count / 1e6)} MB`);
  const sum = (place: (typeof PLACES)[number]) =>
    studies.reduce((total, { track }) => total + track[place], 0);
  const names = (has: boolean) => Object.keys(apis).filter((api) => apis[api] === has);
  return [
    `RelayPACS ${facts.version}`,
    `at: ${facts.at.toISOString()}`,
    `browser: ${facts.browser}`,
    `window: ${facts.window}`,
    `installed: ${facts.isInstalled}`,
    `link: ${facts.link}`,
    `session: ${facts.session}`,
    `roles: ${facts.roles.join(', ') || 'none'}`,
    `locks after minutes: ${facts.lockMinutes ?? 'unknown'}`,
    `storage used: ${bytes(kept.usedBytes)}, free: ${bytes(kept.freeBytes)}, persistent: ${kept.isPersisted ?? 'unknown'}`,
    `model files: ${kept.models}`,
    `studies by state: ${countsOf(studies.map(({ state }) => state))}`,
    `studies waiting for: ${countsOf(studies.flatMap(({ waiting }) => waiting ?? []))}`,
    `need a person: ${countsOf(studies.flatMap(({ needs }) => needs.map(({ cause, reason }) => `${cause}/${codeOf(reason)}`)))}`,
    `instances: ${PLACES.map((place) => `${place} ${sum(place)}`).join(', ')}`,
    `studies of others: ${facts.others}`,
    `has: ${names(true).join(', ') || 'none'}`,
    `lacks: ${names(false).join(', ') || 'none'}`,
    '',
  ].join('\n');
}
