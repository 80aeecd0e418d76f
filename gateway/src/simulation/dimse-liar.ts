/**
 * A PACS that lies over DIMSE: each answer to a request for an association, and to C-STORE, C-FIND, C-GET and
 * N-ACTION, in its turn; stores that it does not carry out, lists that lag, lack or claim, bits that it turns,
 * instances on which it breaks off or falls silent.
 */
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { parseDataSet, uidIn } from '../dimse/data-set.ts';
import { textIn } from '../dimse/elements.ts';
import { createDimsePacs } from '../ports/pacs/dimse-pacs.ts';
import { readWish, report } from '../testing/dimse-archive.ts';
import {
  ABORT,
  accept,
  bring,
  CLOSE,
  openDimsePeer,
  pdu,
  respond,
  type Asked,
} from '../testing/dimse-peer.ts';
import {
  dimseCells,
  drawIllness,
  HONEST,
  withCell,
  type Answer,
  type Conduct,
  type Service,
} from './dimse-conduct.ts';
import { addFault, inTurn, oddIn, type Liar, type LiarOptions } from './liar.ts';

/**
 * The client gives up after a silence of this length and asks again. Short, because each silence costs a world this
 * time.
 */
const IDLE_MS = 500;

const STORE_RQ = 0x0001;
const GET_RQ = 0x0010;
const FIND_RQ = 0x0020;
const ACTION_RQ = 0x0130;
const STORE_RSP = 0x8001;
const PENDING = 0xff00;
const SUCCESS = 0x0000;
const PROCESSING_FAILURE = 0x0110;
const NO_SUCH_INSTANCE = 0x0112;

const SERVICE_OF: Readonly<Record<number, Service>> = {
  [STORE_RQ]: 'store',
  [FIND_RQ]: 'find',
  [GET_RQ]: 'get',
  [ACTION_RQ]: 'commit',
};

type Identifiers = SyntheticInstance['identifiers'];
type Held = { readonly dataSet: Buffer; readonly at: number; isSaid: boolean; isDenied: boolean };

/** All that it knows, did and said. */
type State = Pick<LiarOptions, 'now' | 'patienceMs'> & {
  conduct: Conduct;
  readonly known: Map<string, { readonly is: Identifiers; readonly dataSet: Buffer }>;
  readonly held: Map<string, Held>;
  readonly given: Set<string>;
  readonly saidRefused: Set<string>;
  readonly saidKept: Set<string>;
  readonly doubled: string[];
  readonly foreign: string[];
  readonly faults: Map<string, number>;
  /** C-GET that waits until the instance it asked for is taken, by association. */
  readonly getting: WeakMap<object, Asked>;
};

export async function openDimseLiar(options: LiarOptions): Promise<Liar> {
  const { now, patienceMs, nth } = options;
  const state: State = {
    ...{ now, patienceMs, conduct: HONEST, known: new Map(), held: new Map(), given: new Set() },
    ...{
      saidRefused: new Set<string>(),
      saidKept: new Set<string>(),
      doubled: [],
      foreign: [],
      faults: new Map(),
      getting: new WeakMap(),
    },
  };
  const peer = await openDimsePeer({
    associate: (request) => associate(state, request),
    answer: (asked) => answer(state, asked),
  });
  const address = {
    ...{ host: '127.0.0.1', port: peer.port, calledAE: 'LIAR', callingAE: 'RELAY' },
    isTls: false,
  };
  const commitment = nth % 3 === 0;
  const cells = dimseCells.filter(({ service }) => commitment || service !== 'commit');
  const nextCell = inTurn(cells, options);
  const { held, known, saidRefused, doubled, foreign, faults } = state;
  return {
    ...{ saidRefused, doubled, foreign, faults, saidKept: commitment ? state.saidKept : null },
    openPacs: () => createDimsePacs({ address, tls: { ca: null, own: null }, commitment, idleMs: IDLE_MS }),
    async beHonest() {
      state.conduct = HONEST;
    },
    async lie(how, uids, random) {
      state.conduct = how === 'cell' ? withCell(nextCell(), random) : drawIllness(uids, random);
      return { told: oddIn(state.conduct, HONEST), restarts: random() < 0.2 };
    },
    async holds(uid) {
      const bytes = held.get(uid)?.dataSet;
      if (bytes === undefined) return 'none';
      return known.get(uid)?.dataSet.equals(bytes) === true ? 'same' : 'other';
    },
    isDenied: (uid) => held.get(uid)?.isDenied === true,
    cellsMet: () => new Map([...faults].filter(([kind]) => kind.startsWith('answers '))),
    expect(instances) {
      for (const { bytes, identifiers: is } of instances)
        known.set(is.sopInstanceUID, { is, dataSet: dataSetOf(bytes) });
    },
    async forget(uids) {
      for (const uid of uids) {
        state.saidKept.delete(uid);
        if (held.delete(uid)) addFault(faults, 'forgets');
      }
    },
    close: async () => peer.close(),
  };
}

/** PS3.10 §7.1: File Meta Information Group Length counts from behind its own value. */
function dataSetOf(bytes: Uint8Array): Buffer {
  const file = Buffer.from(bytes);
  return file.subarray(144 + file.readUInt32LE(140));
}

const REJECTED_PERMANENTLY = pdu(3, Buffer.of(0, 1, 1, 7));
const REJECTED_FOR_NOW = pdu(3, Buffer.of(0, 2, 3, 1));
const GARBAGE = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');
const CONTEXT_IDS = Array.from({ length: 128 }, (_, at) => 2 * at + 1);
const resultsOf = (result: number) => Object.fromEntries(CONTEXT_IDS.map((id) => [id, result]));

function associate(state: State, request: Buffer): readonly Buffer[] {
  const { associates, givesBack } = state.conduct;
  if (associates !== 'accepted') addFault(state.faults, `answers associate ${associates}`);
  // Everything that was to be stored in this association counts as refused.
  if (associates === 'no-class' || associates === 'no-syntax')
    for (const uid of state.known.keys()) state.saidRefused.add(uid);
  switch (associates) {
    case 'accepted': {
      if (givesBack) return [accept(request)];
      addFault(state.faults, 'gives nothing back');
      // Searching and retrieving are proposed together, in this order (dimse-pacs.ts); a retrieval comes alone.
      return [accept(request, { results: { [placeOf(request, STUDY_ROOT_GET)]: 3 } })];
    }
    case 'rejected':
      return [REJECTED_PERMANENTLY, CLOSE];
    case 'rejected-for-now':
      return [REJECTED_FOR_NOW, CLOSE];
    case 'abort':
      return [ABORT, CLOSE];
    case 'close':
      return [CLOSE];
    case 'silence':
      return [];
    case 'garbage':
      return [GARBAGE, CLOSE];
    case 'no-class':
      return [accept(request, { results: resultsOf(3) })];
    case 'no-syntax':
      return [accept(request, { results: resultsOf(4) })];
    case 'no-answer-to-contexts':
      return [
        pdu(2, Buffer.concat([request.subarray(0, 68), Buffer.from('500000085100000400004000', 'hex')])),
      ];
    default:
      return associates satisfies never;
  }
}

const STUDY_ROOT_GET = '1.2.840.10008.5.1.4.1.2.2.3';

/** The id of the context that proposes an abstract syntax; 0: none does. */
function placeOf(request: Buffer, abstractSyntax: string): number {
  const at = request.indexOf(abstractSyntax, 68, 'latin1');
  // PS3.8 Table 9-13, 9-14: the context's id stands eight bytes before the value of its abstract syntax.
  return at < 0 ? 0 : request[at - 8]!;
}

function answer(state: State, asked: Asked): readonly Buffer[] {
  if (asked.field === STORE_RSP) {
    const getting = state.getting.get(asked.association);
    return getting === undefined ? [] : respond(getting, SUCCESS);
  }
  const service = SERVICE_OF[asked.field];
  // C-ECHO is answered; the response to a report is not.
  if (service === undefined) return asked.field === 0x0030 ? respond(asked, SUCCESS) : [];
  const stored = service === 'store' ? take(state, asked) : null;
  if (stored === 'breaks' || stored === 'hangs') return stored === 'breaks' ? [ABORT, CLOSE] : [];
  const told = state.conduct.answers[service];
  if (told !== undefined) return tell(state, asked, { service, told });
  if (stored !== null) return store(state, asked, stored);
  if (service === 'find') return find(state, asked);
  return service === 'get' ? give(state, asked) : commit(state, asked);
}

/** Keeps an instance that arrived, or discards it, as `conduct` says. Sends no answer yet. */
function take(state: State, { command, dataSet }: Asked): 'kept' | 'not-kept' | 'breaks' | 'hangs' {
  const { conduct, known, held, given, doubled, foreign, faults, now } = state;
  const uid = textIn(command, 0x1000) ?? '';
  if (known.get(uid)?.dataSet.equals(dataSet) !== true) foreign.push(uid);
  if (held.get(uid)?.isSaid === true) doubled.push(uid);
  given.add(uid);
  for (const [set, what] of [
    [conduct.breaksOn, 'breaks'],
    [conduct.hangsOn, 'hangs'],
  ] as const)
    if (set.has(uid)) {
      addFault(faults, what);
      return what;
    }
  if (conduct.declines.has(uid)) return 'not-kept';
  const isKept = conduct.keeps === 'all' || (conduct.keeps === 'half' && given.size % 2 === 0);
  if (conduct.keeps !== 'all') addFault(faults, `keeps ${conduct.keeps}`);
  if (!isKept) return held.has(uid) ? 'kept' : 'not-kept';
  if (conduct.turnsBits) addFault(faults, 'turns bits');
  const kept = conduct.turnsBits ? Buffer.from(dataSet.with(-1, dataSet.at(-1)! ^ 1)) : dataSet;
  // The first instance with a UID stays, as in Orthanc.
  if (!held.has(uid)) held.set(uid, { dataSet: kept, at: now(), isSaid: false, isDenied: false });
  return 'kept';
}

const isFailure = (status: number): boolean =>
  status !== SUCCESS && status >> 12 !== 0xb && ![0x0001, 0x0107, 0x0116].includes(status);
const isWantOfRoom = (status: number): boolean => status === 0x0213 || status >> 8 === 0xa7;

function tell(
  state: State,
  asked: Asked,
  { service, told }: { readonly service: Service; readonly told: Answer },
): readonly Buffer[] {
  const { faults, held, saidRefused } = state;
  addFault(
    faults,
    `answers ${service} ${typeof told === 'number' ? told.toString(16).padStart(4, '0') : told}`,
  );
  const uid = service === 'store' ? (textIn(asked.command, 0x1000) ?? '') : '';
  switch (told) {
    case 'abort':
      return [ABORT, CLOSE];
    case 'close':
      return [CLOSE];
    case 'silence':
      return [];
    case 'garbage':
      return [GARBAGE, CLOSE];
    case 'cut':
      return [respond(asked, SUCCESS)[0]!.subarray(0, 20), CLOSE];
    case 'other':
      return respond({ ...asked, id: asked.id + 7 }, SUCCESS);
    default:
      if (service === 'store' && isFailure(told) && !isWantOfRoom(told)) saidRefused.add(uid);
      if (service === 'find' && told === SUCCESS) for (const one of held.values()) deny(state, one);
      if (service === 'store' && !isFailure(told) && held.has(uid)) held.get(uid)!.isSaid = true;
      return respond(asked, told);
  }
}

function deny({ now, patienceMs }: State, one: Held): void {
  one.isDenied = true;
  if (now() - one.at >= patienceMs) one.isSaid = false;
}

function store(state: State, asked: Asked, stored: 'kept' | 'not-kept'): readonly Buffer[] {
  const { conduct, held, saidRefused, faults } = state;
  const uid = textIn(asked.command, 0x1000) ?? '';
  if (conduct.declines.has(uid)) addFault(faults, 'declines');
  if (stored === 'not-kept' && !conduct.claims) {
    saidRefused.add(uid);
    return respond(asked, PROCESSING_FAILURE);
  }
  const one = held.get(uid);
  if (one !== undefined) one.isSaid = true;
  return respond(asked, SUCCESS);
}

/** The instances that a search shows, by SOP Instance UID. */
function listed({ conduct, held, given, known, now, faults }: State): ReadonlySet<string> {
  const shown = [...held].filter(([, { at }]) => at + conduct.lagMs <= now()).map(([uid]) => uid);
  if (shown.length < held.size) addFault(faults, 'lags');
  if (!conduct.listsGiven) return new Set(shown);
  const lacked = [...given].filter((uid) => !held.has(uid) && known.has(uid));
  if (lacked.length > 0) addFault(faults, 'lists what it lacks');
  return new Set([...shown, ...lacked]);
}

const LEVEL = 0x00080052;
const SOP_INSTANCE_UID = 0x00080018;
const STUDY_INSTANCE_UID = 0x0020000d;
const SERIES_INSTANCE_UID = 0x0020000e;

function find(state: State, asked: Asked): readonly Buffer[] {
  const { known, held, conduct, faults } = state;
  const query = parseDataSet(asked.dataSet, () => false);
  const study = uidIn(query, STUDY_INSTANCE_UID);
  const series = uidIn(query, SERIES_INSTANCE_UID);
  const isOfSeries = uidIn(query, LEVEL) === 'IMAGE';
  const found = [...listed(state)]
    .map((uid) => known.get(uid)!.is)
    .filter((is) => is.studyInstanceUID === study && (!isOfSeries || is.seriesInstanceUID === series));
  const rows = isOfSeries ? found : [...new Map(found.map((is) => [is.seriesInstanceUID, is])).values()];
  if (rows.length > conduct.rowsAtMost) {
    addFault(faults, 'few rows');
    for (const { sopInstanceUID } of found)
      if (held.has(sopInstanceUID)) deny(state, held.get(sopInstanceUID)!);
  }
  const shown = rows.slice(0, conduct.rowsAtMost);
  if (isOfSeries)
    for (const { sopInstanceUID } of shown) {
      const one = held.get(sopInstanceUID);
      if (one !== undefined) Object.assign(one, { isSaid: true, isDenied: false });
    }
  return [
    ...shown.flatMap(({ sopClassUID, sopInstanceUID, studyInstanceUID, seriesInstanceUID }) =>
      respond(asked, PENDING, [
        ...(isOfSeries
          ? [[0x00080016, sopClassUID] as const, [SOP_INSTANCE_UID, sopInstanceUID] as const]
          : []),
        [STUDY_INSTANCE_UID, studyInstanceUID],
        [SERIES_INSTANCE_UID, seriesInstanceUID],
      ]),
    ),
    ...respond(asked, SUCCESS),
  ];
}

function give(state: State, asked: Asked): readonly Buffer[] {
  const uid =
    uidIn(
      parseDataSet(asked.dataSet, () => false),
      SOP_INSTANCE_UID,
    ) ?? '';
  const one = state.held.get(uid);
  if (one === undefined) return respond(asked, SUCCESS);
  state.getting.set(asked.association, asked);
  // Context 3 is that of the one transfer syntax that was proposed, behind the question itself.
  return bring(3, uid, one.dataSet, state.known.get(uid)!.is.sopClassUID);
}

/** N-ACTION, and the report in the same association (PS3.4 Annex J). */
function commit(state: State, asked: Asked): readonly Buffer[] {
  const { held, given, conduct, saidKept } = state;
  const wish = readWish(asked.dataSet);
  const isKept = (uid: string): boolean => held.has(uid) || (conduct.listsGiven && given.has(uid));
  for (const uid of wish.instances.filter(isKept)) saidKept.add(uid);
  const reasonOf = (uid: string) => (isKept(uid) ? null : NO_SUCH_INSTANCE);
  return [...respond(asked, SUCCESS), ...report(asked.contextId, wish, reasonOf)];
}
