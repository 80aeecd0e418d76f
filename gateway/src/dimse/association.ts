/**
 * An association (PS3.8 §7). It is opened here as the requestor, with the proposed presentation contexts, or accepted
 * (accept-association.ts). It carries one message after another, and is finally released or aborted. One PDU of the
 * peer is in memory at a time; Data Sets are streamed in both directions.
 */
import {
  ABORTED,
  AssociationFailed,
  CLOSED,
  ASSOCIATION_REFUSED,
  UNKNOWN_CALLED_AE,
  UNKNOWN_CALLING_AE,
  violated,
} from './association-failed.ts';
import { encodeCommand, numberIn, parseElements, type Elements, type ElementsToSend } from './elements.ts';
import {
  ABORT_REQUEST,
  encodeAssociateRequest,
  encodeData,
  parsePdu,
  parsePduHeader,
  PDU_HEADER_BYTES,
  RELEASE_REPLY,
  RELEASE_REQUEST,
  type DataValue,
  type Pdu,
  type ProposedContext,
} from './pdu.ts';
import { openTransport, type Transport, type TransportSettings } from './transport.ts';

export type PeerSettings = TransportSettings & { readonly calledAE: string; readonly callingAE: string };

/** `transferSyntaxes`: in order of preference. */
export type Wanted = { readonly abstractSyntax: string; readonly transferSyntaxes: readonly string[] };
/** At most CONTEXTS_LIMIT contexts. `takes`: the SOP Classes whose instances C-GET may bring. */
type Proposal = { readonly contexts: readonly Wanted[]; readonly takes?: readonly string[] };

/** `result`: as in PS3.8 Table 9-18; 0 means accepted. */
export type Context = {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly result: number;
  readonly transferSyntax: string;
};

/** `dataSet`: null if the command has none. Otherwise it must be read to its end before the next message. */
export type Message = {
  readonly contextId: number;
  readonly command: Elements;
  readonly dataSet: AsyncGenerator<Buffer> | null;
};

/**
 * (0000,0800) Command Data Set Type: this value means that there is no Data Set, any other value that there is one.
 */
export const NO_DATA_SET = 0x0101;
const DATA_SET_TYPE = 0x00000800;

/** Twelve elements with UIDs need a sixteenth of this. */
const COMMAND_BYTES_LIMIT = 16 * 1024;
/** The longest fragment that we send if the peer accepts longer PDUs or sets no limit. */
const SENT_BYTES_LIMIT = 128 * 1024;
/** The smallest PDU limit that we accept from a peer. A command would not fit into a shorter fragment. */
export const LEAST_BYTES = 1024;
/** The header of a Presentation Data Value: its length, the context and the control byte (PS3.8 §9.3.5.1). */
const VALUE_HEADER_BYTES = 6;
/** How many PDUs we accept before A-RELEASE-RP, because the peer may still finish a message. */
const PDUS_BEFORE_RELEASE = 16;

export class Association {
  readonly #transport: Transport;
  readonly #contexts: readonly Context[];
  readonly #fragmentBytes: number;
  /** Received values in reverse order: the next one is last. */
  #values: DataValue[] = [];
  #messages = 0;

  constructor(transport: Transport, contexts: readonly Context[], maxBytes: number) {
    this.#transport = transport;
    this.#contexts = contexts;
    const longest = maxBytes === 0 ? SENT_BYTES_LIMIT : Math.min(maxBytes, SENT_BYTES_LIMIT);
    // PS3.8 Annex E.1: a fragment has an even number of bytes, except the last fragment of an odd Data Set.
    this.#fragmentBytes = (longest - VALUE_HEADER_BYTES) & ~1;
  }

  /**
   * The accepted context, otherwise a refused one with the reason. Undefined: the context was not proposed, or not
   * answered.
   */
  contextOf(abstractSyntax: string, transferSyntax?: string): Context | undefined {
    const fitting = this.#contexts.filter(
      (context) =>
        context.abstractSyntax === abstractSyntax &&
        (transferSyntax === undefined || context.transferSyntax === transferSyntax),
    );
    return fitting.find(({ result }) => result === 0) ?? fitting[0];
  }

  contextById(id: number): Context | undefined {
    return this.#contexts.find((context) => context.id === id && context.result === 0);
  }

  nextMessageId(): number {
    this.#messages = (this.#messages % 0xffff) + 1;
    return this.#messages;
  }

  /** Throws AssociationFailed, the signal's reason, and whatever `dataSet` throws; the caller must then abort. */
  async send(
    contextId: number,
    command: ElementsToSend,
    dataSet: AsyncIterable<Uint8Array> | null = null,
  ): Promise<void> {
    const bytes = encodeCommand(command);
    await this.#sendFragment({ contextId, isCommand: true, isLast: true, fragment: bytes });
    if (dataSet === null) return;
    let held = Buffer.alloc(0);
    for await (const piece of dataSet) {
      held = Buffer.concat([held, piece]);
      let at = 0;
      // The last fragment must be marked, so the bytes for one fragment are always held back.
      for (; held.length - at > this.#fragmentBytes; at += this.#fragmentBytes) {
        const fragment = held.subarray(at, at + this.#fragmentBytes);
        await this.#sendFragment({ contextId, isCommand: false, isLast: false, fragment });
      }
      held = held.subarray(at);
    }
    await this.#sendFragment({ contextId, isCommand: false, isLast: true, fragment: held });
  }

  async #sendFragment(value: DataValue): Promise<void> {
    await this.#transport.write(encodeData(value));
  }

  /** Whether the peer starts sending within `ms`. Throws AssociationFailed and the signal's reason. */
  async hears(ms: number): Promise<boolean> {
    return this.#values.length > 0 || (await this.#transport.hears(ms));
  }

  /** Waits for the next message of the peer. Throws AssociationFailed and the signal's reason. */
  async receive(): Promise<Message> {
    const message = await this.receiveOrRelease();
    if (message !== null) return message;
    this.acceptRelease();
    throw new AssociationFailed('the peer released the association', CLOSED);
  }

  /** Null: the peer asks to release the association and waits for `acceptRelease`. Throws as `receive`. */
  async receiveOrRelease(): Promise<Message | null> {
    this.#transport.beginMessage();
    const pieces: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const value = await this.#nextValue();
      if (value === null && bytes === 0) return null;
      const { contextId, isCommand, isLast, fragment } = inMessage(value);
      if (!isCommand) throw violated('a Data Set without a command');
      bytes += fragment.length;
      if (bytes > COMMAND_BYTES_LIMIT) throw violated('too long a command');
      pieces.push(fragment);
      if (!isLast) continue;
      if (this.contextById(contextId) === undefined) throw violated('a context that was not accepted');
      const command = parseElements(Buffer.concat(pieces));
      const dataSetType = numberIn(command, DATA_SET_TYPE);
      if (dataSetType === null) throw violated('a command that says nothing of its Data Set');
      return { contextId, command, dataSet: dataSetType === NO_DATA_SET ? null : this.#dataSet(contextId) };
    }
  }

  async *#dataSet(contextId: number): AsyncGenerator<Buffer> {
    for (;;) {
      const value = inMessage(await this.#nextValue());
      if (value.isCommand || value.contextId !== contextId) throw violated('a command in a Data Set');
      yield value.fragment;
      if (value.isLast) return;
    }
  }

  /** Null: the peer sent A-RELEASE-RQ. */
  async #nextValue(): Promise<DataValue | null> {
    for (;;) {
      const value = this.#values.pop();
      if (value !== undefined) return value;
      const pdu = await readPdu(this.#transport);
      switch (pdu.kind) {
        case 'data':
          this.#values = pdu.values.toReversed();
          break;
        case 'abort':
          throw new AssociationFailed('the peer aborted the association', ABORTED);
        case 'release-request':
          return null;
        default:
          throw violated('a PDU that does not belong there');
      }
    }
  }

  acceptRelease(): void {
    this.#transport.end(RELEASE_REPLY);
  }

  /** A-RELEASE. Never throws, because all messages have been exchanged by then. */
  async release(): Promise<void> {
    try {
      this.#transport.hurry();
      await this.#transport.write(RELEASE_REQUEST);
      for (let count = 0; count < PDUS_BEFORE_RELEASE; count++)
        if ((await readPdu(this.#transport)).kind === 'release-reply') break;
    } catch {
      // The peer ended the association in its own way.
    }
    this.#transport.close();
  }

  /** Sends A-ABORT, whether or not it reaches the peer. */
  abort(): void {
    this.#transport.end(ABORT_REQUEST);
  }
}

function inMessage(value: DataValue | null): DataValue {
  if (value === null) throw violated('a release in the middle of a message');
  return value;
}

async function readPdu(transport: Transport): Promise<Pdu> {
  const { type, length } = parsePduHeader(await transport.read(PDU_HEADER_BYTES));
  return parsePdu(type, await transport.read(length));
}

/**
 * Runs `work` in an association of its own, which is released afterwards, or aborted if `work` throws. Throws
 * AssociationFailed, the signal's reason, and whatever `work` throws.
 */
export async function withAssociation<T>(
  peer: PeerSettings,
  proposal: Proposal,
  signal: AbortSignal,
  work: (association: Association) => Promise<T>,
): Promise<T> {
  const association = await openAssociation(peer, proposal, signal);
  let result: T;
  try {
    result = await work(association);
  } catch (error) {
    association.abort();
    throw error;
  }
  await association.release();
  return result;
}

async function openAssociation(
  peer: PeerSettings,
  { contexts: wanted, takes = [] }: Proposal,
  signal: AbortSignal,
): Promise<Association> {
  const transport = await openTransport(peer, signal);
  try {
    const contexts = wanted.map((context, at): ProposedContext => ({ id: 2 * at + 1, ...context }));
    const { calledAE, callingAE } = peer;
    await transport.write(encodeAssociateRequest({ calledAE, callingAE, contexts, takes }));
    const answer = await readPdu(transport);
    switch (answer.kind) {
      case 'associate-accept':
        return new Association(transport, checkAnswer(answer, contexts), answer.maxBytes);
      case 'associate-reject':
        throw asRejected(answer);
      case 'abort':
        throw new AssociationFailed('the peer aborted the association', ABORTED);
      default:
        throw violated('no answer to the request for an association');
    }
  } catch (error) {
    transport.end(ABORT_REQUEST);
    throw error;
  }
}

/** Checks that each answer belongs to a proposed context, and that accepted transfer syntaxes were proposed. */
function checkAnswer(
  { contexts: answered, maxBytes }: Extract<Pdu, { kind: 'associate-accept' }>,
  proposed: readonly ProposedContext[],
): readonly Context[] {
  if (maxBytes !== 0 && maxBytes < LEAST_BYTES) throw violated('too small a limit of PDUs');
  const left = new Map(proposed.map((context) => [context.id, context]));
  return answered.map(({ id, result, transferSyntax }) => {
    const context = left.get(id);
    left.delete(id);
    if (context === undefined) throw violated('an answer to a context that was not proposed');
    const { abstractSyntax, transferSyntaxes } = context;
    if (result === 0 && !transferSyntaxes.includes(transferSyntax))
      throw violated('a transfer syntax that was not proposed');
    // PS3.8 §9.3.3.2: the transfer syntax of a refused context "is not significant".
    return {
      ...{ id, abstractSyntax, result },
      transferSyntax: result === 0 ? transferSyntax : (transferSyntaxes[0] ?? ''),
    };
  });
}

/** PS3.8 Table 9-21: the service user's reasons 3 and 7 concern the calling and the called AE title. */
function asRejected({ source, reason }: Extract<Pdu, { kind: 'associate-reject' }>): AssociationFailed {
  if (source === 1 && reason === 7)
    return new AssociationFailed('the peer does not know the called AE title', UNKNOWN_CALLED_AE);
  if (source === 1 && reason === 3)
    return new AssociationFailed('the peer does not know the calling AE title', UNKNOWN_CALLING_AE);
  return new AssociationFailed('the peer refuses the association', ASSOCIATION_REFUSED);
}
