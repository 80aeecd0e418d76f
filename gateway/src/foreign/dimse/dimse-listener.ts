/**
 * The port on which modalities and PACSs store by DIMSE, and PACSs report on storage commitment, with or without TLS.
 * Only peers and destinations that an administrator has entered, by AE title and address, may have an association. All
 * input is untrusted: each connection has a short time for its request, limits on its silence and on its total time,
 * and the number of connections of each kind is limited.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { isLoopbackName, type Config } from '../../config.ts';
import type { DimsePeers, DimseRefusal } from '#shared/protocol/dimse-peer.ts';
import { acceptAssociation, type Decision } from '../../dimse/accept-association.ts';
import { AssociationFailed } from '../../dimse/association-failed.ts';
import type { AssociationAsked } from '../../dimse/pdu-acceptor.ts';
import type { CommitmentReport } from '../../ports/pacs/pacs.ts';
import { Transport } from '../../dimse/transport.ts';
import { parseProxies, peerAddress } from '../../http/client-address.ts';
import { describeError } from '../../observability/log.ts';
import { admitCaller, type AdmittedCaller } from './admit-caller.ts';
import { REJECTIONS, type AdmitTools } from './admit-peer.ts';
import { answerContexts } from './answer-contexts.ts';
import { addressesOfPeers } from './dimse-peer.store.ts';
import { createHostLookup, noteReportOf, type AddressesOf } from './find-reporter.ts';
import { createKeeping, type KeepTools } from './keep-instances.ts';
import { createRefusals } from './refusals.ts';
import { createSecureSockets, type SecureSocket } from './secure-sockets.ts';
import type { Certificate } from '../../http/certificate.ts';
import { serveAssociation } from './serve-association.ts';

export type DimsePlace = NonNullable<Config['dimse']>;

/** The most open sockets; further ones are closed unread. A department has some dozens of modalities. */
const CONNECTIONS = 96;
/**
 * The most connections from one peer's address that are not admitted yet, so that silent connections leave room for
 * other peers.
 */
const ASKING_OF_ONE = 16;
/**
 * The most connections from all unknown addresses together. They are told that they are refused, and take no peer's
 * place.
 */
const STRANGERS = 8;
/** The most associations of all peers, and of one. Each holds a PDU, and bytes that are not yet written to disk. */
const ASSOCIATIONS = 32;
const ASSOCIATIONS_OF_ONE = 8;

/** The time for the association request (PS3.8 §9.1.5, ARTIM). */
const REQUEST_MS = 10_000;
/**
 * The longest silence. A modality that keeps an association open between two images notices at the next image, and
 * opens a new one.
 */
const IDLE_MS = 60_000;
/** The longest association: 4 GB on a line of 5 Mbit/s. */
const WHOLE_MS = 7_200_000;

export type Times = { readonly requestMs: number; readonly idleMs: number; readonly wholeMs: number };
export const TIMES: Times = { requestMs: REQUEST_MS, idleMs: IDLE_MS, wholeMs: WHOLE_MS };

type ListenerTools = Omit<AdmitTools, 'aeTitle'> &
  KeepTools & {
    /** Null: there is no listener. */
    readonly place: DimsePlace | null;
    /** Null: associations are not encrypted. */
    readonly certificate: Certificate | null;
    readonly times: Times;
  };

export type DimseListener = {
  /** @throws Error with a readable message if the port is taken. */
  open(): Promise<void>;
  /** The state for the administrators' page. It does not query the database. */
  state(): Pick<DimsePeers, 'listener' | 'refused'>;
  /** Ends all associations. Resolves after their instances have been handed over. */
  close(): Promise<void>;
};

type Listening = {
  readonly tools: ListenerTools;
  readonly place: DimsePlace;
  /** Null: associations are not encrypted. */
  readonly secure: SecureSocket | null;
  readonly signal: AbortSignal;
  readonly addressesOf: AddressesOf;
  /** The admitted callers, each until its connection has ended in any way. */
  readonly inside: Map<Socket, string>;
  /** The numbers of connections that are not admitted yet, by address; unknown addresses are counted together. */
  readonly asking: Map<string, number>;
  readonly refuse: (asked: AssociationAsked, address: string, because: DimseRefusal) => void;
};

export function createDimseListener(tools: ListenerTools): DimseListener {
  const { place, pipeline, certificate } = tools;
  const stop = new AbortController();
  const refusals = createRefusals(pipeline);
  const working = new Set<Promise<void>>();
  let server: Server | null = null;
  return {
    async open() {
      if (place === null) return;
      const listening: Listening = {
        ...{ tools, place, signal: stop.signal, inside: new Map(), asking: new Map() },
        secure: certificate && createSecureSockets(certificate, place.tls?.ca ?? null),
        addressesOf: createHostLookup(),
        refuse: refusals.note,
      };
      server = await listen(place, (socket) => {
        const work = serveSocket(listening, socket).finally(() => working.delete(work));
        working.add(work);
      });
      const { port } = server.address() as AddressInfo;
      const inClearText = place.tls === null && !isLoopbackName(place.host);
      pipeline.log({ event: 'dimse-listening', host: place.host, port, inClearText });
    },
    state: () => ({ listener: place && shownOf(place), refused: [...refusals.latest()] }),
    async close() {
      stop.abort(new AssociationFailed('the gateway stops', 'stopped'));
      const closed = new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
      await Promise.all([...working]);
      await closed;
      await tools.checks.close();
    },
  };
}

/** The listener's settings without its key. */
const shownOf = ({ aeTitle, host, port, tls }: DimsePlace): NonNullable<DimsePeers['listener']> => ({
  ...{ aeTitle, host, port },
  tls: tls === null ? 'none' : tls.ca === null ? 'server' : 'mutual',
});

function listen({ host, port }: DimsePlace, serve: (socket: Socket) => void): Promise<Server> {
  const server = createServer(serve);
  server.maxConnections = CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is taken by another program: end it, or choose another RELAY_DIMSE_PORT.`)
          : error,
      );
    });
    server.listen(port, host, () => resolve(server));
  });
}

/** Never throws. */
async function serveSocket(listening: Listening, socket: Socket): Promise<void> {
  const { pipeline, times } = listening.tools;
  socket.on('error', () => undefined);
  const whole = setTimeout(() => socket.destroy(), times.wholeMs);
  try {
    await serveConnection(listening, socket);
  } catch (error) {
    const isExpected = error instanceof AssociationFailed || listening.signal.aborted;
    if (!isExpected) pipeline.log({ event: 'unexpected-error', where: 'dimse', ...describeError(error) });
    // For expected failures the socket is not destroyed, because the last message to the peer is still being sent.
    if (!isExpected) socket.destroy();
  } finally {
    clearTimeout(whole);
  }
}

async function serveConnection(listening: Listening, socket: Socket): Promise<void> {
  const { tools, signal } = listening;
  const address = peerAddress(socket.remoteAddress ?? '');
  const request = setTimeout(() => socket.destroy(), tools.times.requestMs);
  const leave = await enterAs(listening, address).catch((error: unknown) => {
    clearTimeout(request);
    socket.destroy();
    throw error;
  });
  if (leave === null) {
    clearTimeout(request);
    socket.destroy();
    return;
  }
  try {
    socket.setNoDelay(true);
    const spoken = listening.secure === null ? socket : await listening.secure(socket, signal);
    const transport = new Transport(spoken, tools.times.idleMs, signal);
    const accepted = await acceptAssociation(transport, async (asked) => {
      clearTimeout(request);
      return decide(listening, asked, socket, address);
    });
    leave();
    if (accepted === null) return;
    const { peer, reportsOn } = accepted.granted;
    const keeping = peer && createKeeping(tools, peer);
    const note = (report: CommitmentReport) => noteReportOf(tools.pipeline.db, reportsOn, report);
    await serveAssociation(accepted.association, { keeping, note }, signal);
  } finally {
    clearTimeout(request);
    listening.inside.delete(socket);
    leave();
  }
}

/**
 * Takes a place for a connection that is not admitted yet. Returns the function that frees it; null if there is no
 * place.
 */
async function enterAs({ tools, asking }: Listening, address: string): Promise<(() => void) | null> {
  const { pipeline, siteId } = tools;
  const known = parseProxies(await addressesOfPeers(pipeline.db, siteId));
  const isKnown = known?.has(address) === true;
  const who = isKnown ? address : 'strangers';
  const before = asking.get(who) ?? 0;
  if (before >= (isKnown ? ASKING_OF_ONE : STRANGERS)) return null;
  asking.set(who, before + 1);
  let isAsking = true;
  return () => {
    if (!isAsking) return;
    isAsking = false;
    const left = asking.get(who)! - 1;
    if (left === 0) asking.delete(who);
    else asking.set(who, left);
  };
}

async function decide(
  { tools, place, addressesOf, inside, refuse }: Listening,
  asked: AssociationAsked,
  socket: Socket,
  address: string,
): Promise<Decision<AdmittedCaller>> {
  try {
    const { aeTitle } = place;
    const admission = await admitCaller({ ...tools, aeTitle, addressesOf }, asked, address);
    const because =
      admission.kind === 'refused' ? admission.because : placeFor([...inside.values()], admission.caller);
    if (admission.kind === 'admitted' && because === null) {
      inside.set(socket, admission.caller.key);
      return { kind: 'accept', ...answerContexts(asked, admission.caller), granted: admission.caller };
    }
    refuse(asked, address, because!);
    return { kind: 'reject', ...REJECTIONS[asked.isOurVersion ? because! : 'version'] };
  } catch (error) {
    tools.pipeline.log({ event: 'unexpected-error', where: 'dimse', ...describeError(error) });
    return { kind: 'reject', ...REJECTIONS.busy };
  }
}

function placeFor(inside: readonly string[], { key }: AdmittedCaller): 'too-many' | null {
  const own = inside.filter((each) => each === key).length;
  return inside.length >= ASSOCIATIONS || own >= ASSOCIATIONS_OF_ONE ? 'too-many' : null;
}
