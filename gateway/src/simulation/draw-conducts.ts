/**
 * The conduct of a PACS towards the studies of one world: each status with each body from each service in its
 * turn, alone or with something else, and between them whatever the seed draws.
 */
import { seededRandom } from '#testing/synthetic-study.ts';
import { PROOFS, type WantedProof } from '../pipeline/pipeline-tools.ts';
import {
  HONEST,
  REST_SERVICES,
  WEB_SERVICES,
  type Conduct,
  type Service,
} from '../testing/lying-dicomweb.ts';
import { BODIES, type Answer } from '../testing/pacs-answers.ts';

const MINUTE_MS = 60_000;
const STATUSES = [
  200, 202, 204, 400, 401, 403, 404, 405, 406, 409, 410, 411, 413, 415, 429, 500, 501, 502, 503, 504,
] as const;

/** A gateway's setting, and the PACS before which it stands. */
export type Variant = { readonly proof: WantedProof; readonly isOrthanc: boolean };
export const VARIANTS: readonly Variant[] = [true, false].flatMap((isOrthanc) =>
  PROOFS.map((proof) => ({ proof, isOrthanc })),
);

type Cell = { readonly service: Service; readonly answer: Answer };

/** Services × statuses × bodies. An answer of 204 has no body, and silence no status. */
export function cellsOf({ isOrthanc }: Pick<Variant, 'isOrthanc'>): readonly Cell[] {
  const services: readonly Service[] = isOrthanc ? [...WEB_SERVICES, ...REST_SERVICES] : WEB_SERVICES;
  return services.flatMap((service) =>
    STATUSES.flatMap((status) =>
      BODIES.filter(
        (body) => (status !== 204 || body === 'empty') && (body !== 'silence' || status === 200),
      ).map((body) => ({ service, answer: { status, body } })),
    ),
  );
}

export type Random = () => number;
export const oneOf = <T>(all: readonly T[], random: Random): T => all[Math.floor(random() * all.length)]!;

/** `restarts`: the gateway starts again and asks what the PACS is. */
export type Drawn = { readonly conduct: Conduct; readonly restarts: boolean };

/** Cells that a world takes in its turn; the other conducts are drawn. */
export const CELLS_A_WORLD = 4;

/** `nth`: of the worlds of this variant. `uids`: instances that may be on their way. */
export function drawConducts(seed: number, variant: Variant, nth: number) {
  const shuffle = seededRandom(seed);
  const cells = cellsOf(variant)
    .map((cell) => ({ cell, at: shuffle() }))
    .sort((a, b) => a.at - b.at)
    .map(({ cell }) => cell);
  let next = nth * CELLS_A_WORLD;
  return {
    cell(random: Random): Drawn {
      const cell = cells[next % cells.length]!;
      next += 1;
      return { conduct: withCell(cell, random), restarts: cell.service === 'system' || random() < 0.2 };
    },
    illness(uids: readonly string[], random: Random): Drawn {
      return { conduct: drawIllness(uids, random), restarts: random() < 0.2 };
    },
  };
}

function withCell({ service, answer }: Cell, random: Random): Conduct {
  const answers = { [service]: answer };
  // A second way is tried only after a store that said no.
  if (service === 'instance') return { ...HONEST, keeps: 'none', answers: { ...answers, store: NOT_ALONE } };
  const keeps = oneOf(service === 'store' ? (['all', 'half', 'none'] as const) : (['all'] as const), random);
  const lagMs = random() < 0.2 ? oneOf([5_000, 20_000, MINUTE_MS], random) : 0;
  return { ...HONEST, keeps, lagMs, answers };
}

const NOT_ALONE: Answer = { status: 400, body: 'dicom' };

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
