/** The conduct of a PACS over DIMSE: how it may lie or be ill, alone in one place in turn, or as a seed draws it. */
import { oneOf, type Random } from './liar.ts';

const MINUTE_MS = 60_000;

const SERVICES = ['store', 'find', 'get', 'commit'] as const;
export type Service = (typeof SERVICES)[number];
/** Statuses of PS3.7 Annex C and of the services, and some that nobody defined. */
const STATUSES = [
  0x0000, 0x0001, 0x0105, 0x0106, 0x0107, 0x0110, 0x0111, 0x0112, 0x0116, 0x0117, 0x0122, 0x0124, 0x0131,
  0x0210, 0x0211, 0x0212, 0x0213, 0xa700, 0xa701, 0xa702, 0xa801, 0xa900, 0xb000, 0xb006, 0xb007, 0xc000,
  0xc001, 0xc122, 0xfe00, 0xff00, 0xff01, 0x7777,
] as const;
/** `cut`: it closes in the middle of its answer. `garbage`: no PDU. `other`: an answer to another message. */
const BREAKS = ['abort', 'close', 'silence', 'cut', 'garbage', 'other'] as const;
export type Answer = (typeof STATUSES)[number] | (typeof BREAKS)[number];

/** `no-class`, `no-syntax`: it takes no context, for that reason (PS3.8 Table 9-18). */
const ASSOCIATIONS = [
  ...(['rejected', 'rejected-for-now', 'abort', 'close', 'silence', 'garbage'] as const),
  ...(['no-class', 'no-syntax', 'no-answer-to-contexts'] as const),
] as const;

type Cell =
  | { readonly service: 'associate'; readonly answer: (typeof ASSOCIATIONS)[number] }
  | { readonly service: Service; readonly answer: Answer };

export const dimseCells: readonly Cell[] = [
  ...ASSOCIATIONS.map((answer) => ({ service: 'associate', answer }) as const),
  ...SERVICES.flatMap((service) => [...STATUSES, ...BREAKS].map((answer) => ({ service, answer }) as const)),
];

export type Conduct = {
  readonly associates: (typeof ASSOCIATIONS)[number] | 'accepted';
  /** In the place of the service's own answer. */
  readonly answers: Readonly<Partial<Record<Service, Answer>>>;
  /** The part of what it is given that it keeps, whatever it answers. */
  readonly keeps: 'all' | 'half' | 'none';
  /** Says that it stored what it did not keep. */
  readonly claims: boolean;
  /** Lists what it was given, kept or not, and commits itself to it. */
  readonly listsGiven: boolean;
  readonly turnsBits: boolean;
  /** A search shows what was stored so long ago. */
  readonly lagMs: number;
  readonly rowsAtMost: number;
  readonly givesBack: boolean;
  /** Instances on which it aborts, and that it does not keep. */
  readonly breaksOn: ReadonlySet<string>;
  readonly hangsOn: ReadonlySet<string>;
  /** Instances that it refuses by name. */
  readonly declines: ReadonlySet<string>;
};

export const HONEST: Conduct = {
  associates: 'accepted',
  answers: {},
  keeps: 'all',
  claims: false,
  listsGiven: false,
  turnsBits: false,
  lagMs: 0,
  rowsAtMost: Infinity,
  givesBack: true,
  breaksOn: new Set(),
  hangsOn: new Set(),
  declines: new Set(),
};

export function withCell(cell: Cell, random: Random): Conduct {
  if (cell.service === 'associate') return { ...HONEST, associates: cell.answer };
  const keeps = cell.service === 'store' ? oneOf(['all', 'half', 'none'] as const, random) : ('all' as const);
  const lagMs = random() < 0.2 ? oneOf([5_000, 20_000, MINUTE_MS], random) : 0;
  return { ...HONEST, keeps, lagMs, answers: { [cell.service]: cell.answer } };
}

export function drawIllness(uids: readonly string[], random: Random): Conduct {
  const any = (): Answer => oneOf([...STATUSES, ...BREAKS], random);
  const some = () => new Set(uids.filter(() => random() < 0.4));
  const illnesses: readonly (() => Partial<Conduct>)[] = [
    () => ({ answers: { store: any(), find: any(), get: any(), commit: any() } }),
    () => ({ answers: { store: any() }, keeps: oneOf(['all', 'half', 'none'], random) }),
    () => ({ lagMs: oneOf([5_000, 20_000, MINUTE_MS, 9 * MINUTE_MS], random) }),
    () => ({ rowsAtMost: oneOf([0, 1, 7], random) }),
    () => ({ givesBack: false }),
    () => ({ keeps: oneOf(['half', 'none'], random), claims: true, listsGiven: random() < 0.5 }),
    () => ({ breaksOn: some() }),
    () => ({ hangsOn: some() }),
    () => ({ declines: some() }),
    () => ({ turnsBits: true }),
  ];
  return { ...HONEST, ...oneOf(illnesses, random)() };
}
