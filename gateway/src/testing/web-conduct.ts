/** The conduct of a PACS over DICOMweb and Orthanc's REST API (lying-dicomweb.ts): how it may lie or be ill. */
import type { Answer } from './pacs-answers.ts';

export const WEB_SERVICES = ['store', 'search', 'retrieve'] as const;
/** Storage commitment (PS3.18 §13): the request, and the check of its result. */
export const COMMIT_SERVICES = ['commit', 'check'] as const;
export type CommitService = (typeof COMMIT_SERVICES)[number];
/** `instance`: a store of one instance by REST. `lookup`, `listing`: of a study. `digest`: of an instance. */
export const REST_SERVICES = ['system', 'instance', 'lookup', 'listing', 'digest'] as const;
export type Service = (typeof WEB_SERVICES)[number] | CommitService | (typeof REST_SERVICES)[number];

export type Conduct = {
  /** In the place of the service's own answer. */
  readonly answers: Readonly<Partial<Record<Service, Answer | null>>>;
  /** The same, where one of these instances is stored (then nothing of the request is kept) or retrieved. */
  readonly answersOn: Readonly<Partial<Record<Service, ReadonlyMap<string, Answer>>>>;
  /** The part of a store request that it carries out, whatever it answers. */
  readonly keeps: 'all' | 'half' | 'none';
  /** Says that it stored what it did not keep. */
  readonly claims: boolean;
  /** Lists what it was given, kept or not. */
  readonly listsGiven: boolean;
  /** Turns a bit in every instance that it keeps. */
  readonly turnsBits: boolean;
  /** A search shows what was stored so long ago. */
  readonly lagMs: number;
  readonly takesLists: boolean;
  readonly rowsAtMost: number;
  /** Instances on which it closes the connection, and keeps none of the request. */
  readonly breaksOn: ReadonlySet<string>;
  /** Instances on which it falls silent, and keeps none of the request. */
  readonly hangsOn: ReadonlySet<string>;
  /** Instances that it does not take: it answers 400 and names nobody, as Orthanc 1.10.1 does. */
  readonly declines: ReadonlySet<string>;
  /**
   * The instances that it says it keeps. `all`: also those that it lacks. `others`: some that nobody asked about,
   * and no other. `both`: it names each instance as kept and as failed.
   */
  readonly commits: 'what-it-has' | 'all' | 'others' | 'both';
  /** `later`: when it is asked for the result. `never`: it is always still at work. */
  readonly reports: 'at-once' | 'later' | 'never';
};

export const HONEST: Conduct = {
  answers: {},
  answersOn: {},
  keeps: 'all',
  claims: false,
  listsGiven: false,
  turnsBits: false,
  lagMs: 0,
  takesLists: true,
  rowsAtMost: Infinity,
  breaksOn: new Set(),
  hangsOn: new Set(),
  declines: new Set(),
  commits: 'what-it-has',
  reports: 'at-once',
};
