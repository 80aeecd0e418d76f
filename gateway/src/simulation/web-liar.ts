/**
 * A PACS that lies over DICOMweb, and over Orthanc's REST API: each status with each body from each service in its
 * turn, alone or with something else, and between them whatever the seed draws.
 */
import { sha256 } from '#testing/sha256.ts';
import { createLatePacs } from '../ports/pacs/late-pacs.ts';
import { startLyingPacs } from '../testing/lying-dicomweb.ts';
import {
  COMMIT_SERVICES,
  HONEST,
  REST_SERVICES,
  WEB_SERVICES,
  type Conduct,
  type Service,
} from '../testing/web-conduct.ts';
import { BODIES, type Answer } from '../testing/pacs-answers.ts';
import { inTurn, oddIn, oneOf, type Liar, type LiarOptions, type Random } from './liar.ts';

const MINUTE_MS = 60_000;
const STATUSES = [
  200, 202, 204, 400, 401, 403, 404, 405, 406, 409, 410, 411, 413, 415, 429, 500, 501, 502, 503, 504,
] as const;

type Cell = { readonly service: Service; readonly answer: Answer };

/** Services × statuses × bodies. */
export function webCells(isOrthanc: boolean): readonly Cell[] {
  return isOrthanc
    ? cellsOf([...WEB_SERVICES, ...REST_SERVICES])
    : [...cellsOf(WEB_SERVICES), ...cellsOf(COMMIT_SERVICES)];
}

/** An answer of 204 has no body, and silence no status. */
const cellsOf = (services: readonly Service[]): readonly Cell[] =>
  services.flatMap((service) =>
    STATUSES.flatMap((status) =>
      BODIES.filter(
        (body) => (status !== 204 || body === 'empty') && (body !== 'silence' || status === 200),
      ).map((body) => ({ service, answer: { status, body } })),
    ),
  );

/** Orthanc has no storage commitment over DICOMweb. Of the others each third world asks for it, in cells of its own. */
const COMMITS_EVERY = 3;

function turnsOf(isOrthanc: boolean, options: LiarOptions) {
  const { nth } = options;
  const commitment = !isOrthanc && nth % COMMITS_EVERY === 0;
  const commits = Math.floor(nth / COMMITS_EVERY);
  const cells = isOrthanc ? webCells(true) : cellsOf(commitment ? COMMIT_SERVICES : WEB_SERVICES);
  const ofThese = isOrthanc ? nth : commitment ? commits : nth - commits - 1;
  return { commitment, nextCell: inTurn(cells, { ...options, nth: ofThese }) };
}

export async function openWebLiar(isOrthanc: boolean, options: LiarOptions): Promise<Liar> {
  const { now, patienceMs, behind } = options;
  const pacs = await startLyingPacs({
    ...{ instances: [], now, isOrthanc, patienceMs },
    ...(behind ? { behind } : {}),
  });
  const { url, held, saidRefused, doubled, foreign, faults, startTimer } = pacs;
  const { commitment, nextCell } = turnsOf(isOrthanc, options);
  const holds = async (uid: string) => (behind ? behind.read(uid) : (held.get(uid)?.bytes ?? null));
  return {
    ...{ saidRefused, doubled, foreign, faults, saidKept: commitment ? pacs.saidKept : null },
    openPacs: () => createLatePacs({ url, authorization: null, startTimer, commitment }),
    async beHonest() {
      pacs.conduct = HONEST;
    },
    async lie(how, uids, random) {
      const cell = how === 'cell' ? nextCell() : null;
      const ill = cell === null ? drawIllness(uids, random) : withCell(cell, random);
      pacs.conduct = commitment && cell === null ? { ...ill, ...drawCommitment(random) } : ill;
      return { told: oddIn(pacs.conduct, HONEST), restarts: cell?.service === 'system' || random() < 0.2 };
    },
    async holds(uid, digest) {
      const bytes = await holds(uid);
      if (bytes === null) return 'none';
      return sha256(bytes) === digest ? 'same' : 'other';
    },
    isDenied: (uid) => held.get(uid)?.isDenied === true,
    cellsMet: () => new Map([...faults].filter(([kind]) => / \d{3} /.test(kind))),
    expect: (instances) => pacs.expect(instances),
    forget: (uids) => pacs.forget(uids),
    close: () => pacs.close(),
  };
}

function withCell({ service, answer }: Cell, random: Random): Conduct {
  const answers = { [service]: answer };
  // A second way is tried only after a store that said no.
  if (service === 'instance') return { ...HONEST, keeps: 'none', answers: { ...answers, store: NOT_ALONE } };
  if (service === 'check') return { ...HONEST, reports: 'later', answers };
  const keeps = oneOf(service === 'store' ? (['all', 'half', 'none'] as const) : (['all'] as const), random);
  const lagMs = random() < 0.2 ? oneOf([5_000, 20_000, MINUTE_MS], random) : 0;
  return { ...HONEST, keeps, lagMs, answers };
}

const NOT_ALONE: Answer = { status: 400, body: 'dicom' };

const drawCommitment = (random: Random): Partial<Conduct> => ({
  commits: oneOf(['what-it-has', 'all', 'others', 'both'], random),
  reports: oneOf(['at-once', 'later', 'never'], random),
});

function drawIllness(uids: readonly string[], random: Random): Conduct {
  const answer = (): Answer => ({ status: oneOf(STATUSES, random), body: oneOf(BODIES, random) });
  const some = () => new Set(uids.filter(() => random() < 0.4));
  const illnesses: readonly (() => Partial<Conduct>)[] = [
    () => ({ answers: { store: answer(), search: answer(), retrieve: answer() } }),
    () => ({ answers: { store: answer() }, keeps: oneOf(['all', 'half', 'none'], random) }),
    () => ({ lagMs: oneOf([5_000, 20_000, MINUTE_MS, 9 * MINUTE_MS], random) }),
    () => ({ takesLists: false, rowsAtMost: 100 }),
    () => ({ rowsAtMost: oneOf([1, 7, 100], random) }),
    () => ({ answers: { search: { status: 501, body: 'html' } } }),
    () => ({ answers: { retrieve: { status: 501, body: 'html' } } }),
    () => ({ keeps: 'none', claims: true, listsGiven: random() < 0.5 }),
    () => ({ keeps: 'half', claims: true, listsGiven: random() < 0.5 }),
    () => ({ breaksOn: some() }),
    () => ({ hangsOn: some() }),
    () => ({ declines: some() }),
    () => ({ turnsBits: true }),
  ];
  return { ...HONEST, ...oneOf(illnesses, random)() };
}
