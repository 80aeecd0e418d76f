/**
 * Checks whether the address is a DICOMweb root that answers this caller: clock, credentials, search. If it is not,
 * the usual roots of the same server are tried.
 */
import { SEARCH_ANSWER } from '../ports/pacs/dicom-json.ts';
import { ORTHANC_SAYS } from '../ports/pacs/orthanc-json.ts';
import type { DescribedInstance } from '../ports/pacs/pacs.ts';
import type { Answer, NoAnswer } from './ask.ts';
import { diagnose, type Finding } from './diagnoses.ts';
import { readAnswer } from './read-answer.ts';
import { DICOM_JSON, mediaTypeOf, only, outcomeOf, type Probe, type Visit } from './visit.ts';

/**
 * Smaller differences may come from a slow line and from Date headers in whole seconds, and not from a wrong clock.
 */
const CLOCK_MS = 30_000;
/** Page size of the gateway's own searches. */
const PAGE = 2000;

/** Checks whether this is DICOMweb at all. */
export const ROOT: Probe = { isVital: true, run: search };
/** Checks how well the PACS searches. */
export const SEARCHES: readonly Probe[] = [{ run: lookAtTypes }, { run: tryRows }, { run: tryLists }];

export const searchFor = (root: string, what = '/studies?limit=1') => ({
  url: `${root}${what}`,
  headers: { accept: DICOM_JSON },
});

async function search(visit: Visit): Promise<readonly Finding[]> {
  const { connection } = visit;
  const answer = await visit.ask(searchFor(connection.url));
  if (answer.kind === 'none') return [await unanswered(visit, answer)];
  const clock = judgeClock(answer, visit.clock.now());
  const turnedAway = judgeAccess(answer, connection.authorization !== null);
  if (turnedAway) return [clock, turnedAway];
  if ((await rowsOf(visit, answer)) === null) return [clock, await whyNot(visit, answer)];
  visit.found.orthancRest = await findOrthanc(visit);
  const access = await judgeOpenness(visit);
  await findInstances(visit);
  return [clock, access, diagnose('searches')];
}

/** PS3.18 §10.6.3: 200 with results, 204 where nothing was found. Null: this is not an answer to a search. */
export async function rowsOf(
  visit: Visit,
  answer: Answer | NoAnswer,
): Promise<readonly DescribedInstance[] | null> {
  if (answer.kind === 'none' || (answer.status !== 200 && answer.status !== 204)) return null;
  return answer.status === 204 ? [] : readAnswer(visit, answer, SEARCH_ANSWER);
}

async function unanswered({ connection, ask }: Visit, answer: NoAnswer): Promise<Finding> {
  if (connection.url.startsWith('http:') && !answer.isSilent) {
    const encrypted = await ask(searchFor(connection.url.replace(/^http:/, 'https:')));
    // An untrusted certificate also proves that the server speaks TLS.
    if (encrypted.kind === 'answer' || /CERT|SIGNATURE|ISSUER/.test(encrypted.code))
      return diagnose('wants-tls');
    return diagnose('not-http', { outcome: outcomeOf(answer), port: new URL(connection.url).port || 80 });
  }
  return diagnose('search-fails', { outcome: outcomeOf(answer) });
}

function judgeClock({ headers }: Answer, now: number): Finding {
  const at = Date.parse(headers.date ?? '');
  if (Number.isNaN(at)) return diagnose('clock-untold');
  if (Math.abs(at - now) < CLOCK_MS) return diagnose('clock-right');
  const seconds = Math.round(Math.abs(at - now) / 1000);
  return diagnose('clock-wrong', { seconds, direction: at < now ? 'behind' : 'ahead of' });
}

function judgeAccess({ status, headers }: Answer, isAuthorized: boolean): Finding | null {
  const scheme = /^\w+/.exec(headers['www-authenticate'] ?? '')?.[0] ?? 'not named';
  if (status === 401)
    return diagnose(isAuthorized ? 'credentials-refused' : 'credentials-wanted', { status, scheme });
  if (status === 403) return diagnose('forbidden');
  return status === 407 ? diagnose('proxy-wants-credentials') : null;
}

async function judgeOpenness(visit: Visit): Promise<Finding> {
  const { connection, ask } = visit;
  if (connection.authorization === null) return diagnose('open-to-all');
  const answer = await ask({ ...searchFor(connection.url), isAnonymous: true });
  const isOpen = (await rowsOf(visit, answer)) !== null;
  return diagnose(isOpen ? 'open-to-all' : 'credentials-taken');
}

const NOT_OFFERED = [404, 405, 410, 501];

async function whyNot(visit: Visit, answer: Answer): Promise<Finding> {
  const { status, headers, body } = answer;
  if (status >= 300 && status < 400)
    return diagnose('redirected', { status, target: originOf(headers.location, visit.connection.url) });
  if (status === 400 && /plain HTTP request/i.test(body.toString('latin1', 0, 2000)))
    return diagnose('wants-tls');
  if ([502, 503, 504].includes(status)) return diagnose('backend-away', { status });
  const root = await findRoot(visit);
  if (root !== null) return diagnose('root-elsewhere', { root });
  if (NOT_OFFERED.includes(status)) {
    const isOrthanc = (await findOrthanc(visit)) !== null;
    if (isOrthanc) return diagnose('orthanc-without-dicomweb');
  }
  if (isPage(answer)) return diagnose('web-page', { status });
  if (NOT_OFFERED.includes(status)) return diagnose('no-dicomweb', { status });
  if (status >= 500) return diagnose('search-fails', { outcome: outcomeOf(answer) });
  return diagnose('search-not-dicom', { status, type: mediaTypeOf(answer) || 'not named' });
}

/** Whether the answer is a welcome page. The short page of an error does not count. */
const isPage = (answer: Answer): boolean =>
  answer.status < 300 &&
  (mediaTypeOf(answer) === 'text/html' ||
    /^\s*<(!doctype )?html/i.test(answer.body.toString('latin1', 0, 200)));

function originOf(location: string | undefined, base: string): string {
  if (location === undefined || !URL.canParse(location, base)) return 'an address that it does not name';
  const { origin, pathname } = new URL(location, base);
  return origin + pathname;
}

/** The longest answer to a search for one study, because several are requested at once. */
const ONE_ROW_BYTES = 1024 * 1024;
/** The usual roots, only on the same server. First they are tried below the given path. */
const ROOTS = ['/dicom-web', '/dicomweb', '/dicomWeb', '/rs', '/v2'];
const ROOTS_OF_SERVERS = ['/dicom-web', '/dicomweb', '/dcm4chee-arc/aets/DCM4CHEE/rs', '/orthanc/dicom-web'];

async function findRoot(visit: Visit): Promise<string | null> {
  const { connection, ask } = visit;
  const { origin } = new URL(connection.url);
  const roots = [
    ...ROOTS.map((path) => connection.url + path),
    ...ROOTS_OF_SERVERS.map((path) => origin + path),
  ];
  const tried = [...new Set(roots)].filter((root) => root !== connection.url);
  const answers = await Promise.all(
    tried.map((root) => ask({ ...searchFor(root), maxBytes: ONE_ROW_BYTES })),
  );
  for (const [at, answer] of answers.entries()) {
    const rows = await rowsOf(visit, answer);
    if (rows !== null && answer.kind === 'answer' && mediaTypeOf(answer) !== 'text/html') return tried[at]!;
  }
  return null;
}

/** The REST root, if `/system` next to the DICOMweb root belongs to an Orthanc. */
async function findOrthanc(visit: Visit): Promise<string | null> {
  const { connection, ask } = visit;
  const rest = connection.url.replace(/\/[^/]*$/, '');
  if (!/^https?:\/\/[^/]/.test(rest)) return null;
  const answer = await ask({
    url: `${rest}/system`,
    headers: { accept: 'application/json' },
    maxBytes: 65_536,
  });
  const isHere = answer.kind === 'answer' && answer.status === 200;
  return isHere && (await readAnswer(visit, answer, ORTHANC_SAYS))?.isSystem === true ? rest : null;
}

async function findInstances(visit: Visit): Promise<void> {
  const answer = await visit.ask(searchFor(visit.connection.url, '/instances?limit=10'));
  const rows = await rowsOf(visit, answer);
  if (rows !== null) visit.found.instances = rows.filter(isOurForm);
}

const UID = /^[0-9.]{1,64}$/;
/** Checks the form of UIDs, because they become parts of addresses. */
const isOurForm = (one: Visit['found']['instances'][number]): boolean =>
  UID.test(one.studyInstanceUID) && UID.test(one.seriesInstanceUID) && UID.test(one.sopInstanceUID);

async function lookAtTypes(visit: Visit): Promise<readonly Finding[]> {
  const answer = await visit.ask(searchFor(visit.connection.url));
  if (answer.kind === 'none') return only('search-fails', { outcome: outcomeOf(answer) });
  const type = mediaTypeOf(answer) || 'nothing';
  // RFC 9110 §15.3.5: 204 has no content and therefore no type.
  const isRight = answer.status === 204 || type === DICOM_JSON || type === 'application/json';
  return isRight ? only('types-right') : only('types-odd', { type });
}

async function uidsOf(visit: Visit, path: string): Promise<readonly string[] | null> {
  const answer = await visit.ask(searchFor(visit.connection.url, path));
  const rows = await rowsOf(visit, answer);
  if (rows === null || answer.kind === 'none' || !answer.isWhole) return null;
  return rows.map(({ sopInstanceUID }) => sopInstanceUID);
}

/** How many known studies are tried; the first one with two instances is used. */
const TRIED_STUDIES = 3;

async function tryRows(visit: Visit): Promise<readonly Finding[]> {
  const studies = new Set(visit.found.instances.map(({ studyInstanceUID }) => studyInstanceUID));
  // Our own samples come last, and exist only with --store.
  for (const study of [...[...studies].slice(0, TRIED_STUDIES), ...[...studies].slice(-1)]) {
    const instances = `/studies/${study}/instances`;
    const all = await uidsOf(visit, `${instances}?limit=${PAGE}`);
    if (all !== null && all.length > 1) return turnPages(visit, instances, all);
  }
  return only('rows-untried');
}

async function turnPages(
  visit: Visit,
  instances: string,
  all: readonly string[],
): Promise<readonly Finding[]> {
  const one = await uidsOf(visit, `${instances}?limit=1`);
  if (one !== null && one.length > 1) return only('limit-ignored', { count: one.length });
  const next = await uidsOf(visit, `${instances}?limit=1&offset=1`);
  if (one === null || next === null || next.length === 0 || next[0] === one[0])
    return only('offset-ignored', { rows: all.length });
  // If a page has fewer rows than requested and yet there are more, the PACS has its own limit.
  const beyond = all.length < PAGE ? await uidsOf(visit, `${instances}?limit=1&offset=${all.length}`) : [];
  const isCapped = beyond !== null && beyond.length > 0 && !all.includes(beyond[0]!);
  return only('rows-paged', { capped: isCapped ? `; a page has ${all.length} rows at most` : '' });
}

async function tryLists(visit: Visit): Promise<readonly Finding[]> {
  const known = [...new Set(visit.found.instances.map(({ sopInstanceUID }) => sopInstanceUID))].slice(-2);
  if (known.length < 2) return only('lists-untried');
  const named = new Set(await uidsOf(visit, `/instances?SOPInstanceUID=${known.join(',')}&limit=${PAGE}`));
  const count = known.filter((uid) => named.has(uid)).length;
  return count === 2 ? only('lists-known') : only('lists-unknown', { count });
}
