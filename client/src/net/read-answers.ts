/**
 * The few answers that the page must parse before it can be used: the session, a refusal, and the health of the
 * gateway. They are parsed by hand, because the schemas add 25 kB of zod and the first page has a budget of 80 kB.
 * Every later answer is parsed with its schema. The test compares these parsers with the schemas.
 */
import type { z } from 'zod';
import type { healthSchema, ProblemDetails, Role, Session, User } from '#shared/protocol/api.ts';

const PACS_STATES: readonly Health['pacs'][] = [
  'ok',
  'unreachable',
  'refuses-sign-in',
  'settings-wrong',
  'no-search',
  'no-retrieval',
];
const ROLES: Record<Role, true> = {
  technician: true,
  radiologist: true,
  researcher: true,
  auditor: true,
  admin: true,
};
/** RFC 9562 §4, any version, as zod's `uuid` accepts it: versions 1 to 8, nil and max. */
const UUID =
  /^([0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|0{8}-0{4}-0{4}-0{4}-0{12}|f{8}-f{4}-f{4}-f{4}-f{12})$/i;

/** The state of the gateway; `degraded`: its PACS does not answer. */
type Health = z.infer<typeof healthSchema>;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isOneOf = (value: unknown, words: readonly string[]): boolean => isText(value) && words.includes(value);
const isMaybeText = (value: unknown): value is string | undefined => value === undefined || isText(value);
const isUuid = (value: unknown): value is string => isText(value) && UUID.test(value);
const isRole = (value: unknown): value is Role => isText(value) && Object.hasOwn(ROLES, value);

function isUser(value: unknown): value is User {
  return (
    isFields(value) &&
    isUuid(value['id']) &&
    isText(value['username']) &&
    isUuid(value['siteId']) &&
    Array.isArray(value['roles']) &&
    value['roles'].every(isRole)
  );
}

function isSession(value: unknown): value is Session {
  return (
    isFields(value) &&
    isText(value['accessToken']) &&
    isMaybeText(value['refreshToken']) &&
    Number.isSafeInteger(value['expiresIn']) &&
    isUser(value['user'])
  );
}

function isProblemDetails(value: unknown): value is ProblemDetails {
  return (
    isFields(value) &&
    [value['type'], value['title'], value['code'], value['correlationId']].every(isText) &&
    Number.isSafeInteger(value['status']) &&
    isMaybeText(value['detail']) &&
    isMaybeText(value['next'])
  );
}

/** `healthSchema`, by hand; null for anything else. */
export function readHealth(value: unknown): Health | null {
  return isFields(value) &&
    isOneOf(value['status'], ['ok', 'degraded', 'starting', 'stopping', 'failing']) &&
    (value['waitsFor'] === undefined ||
      isOneOf(value['waitsFor'], ['pipeline', 'features', 'audit-trail'])) &&
    isOneOf(value['database'], ['ok', 'failing']) &&
    isOneOf(value['pacs'], PACS_STATES) &&
    isOneOf(value['disk'], ['ok', 'full']) &&
    isOneOf(value['certificate'], ['none', 'ok', 'not-renewed'])
    ? (value as Health)
    : null;
}

/** `sessionSchema`, by hand. @throws TypeError, which repeats nothing of the answer, because that contains a token. */
export function parseSession(value: unknown): Session {
  if (!isSession(value)) throw new TypeError('the answer is not a session');
  return value;
}

/** `problemSchema`, by hand; null for anything else. */
export function readProblem(value: unknown): ProblemDetails | null {
  return isProblemDetails(value) ? value : null;
}
