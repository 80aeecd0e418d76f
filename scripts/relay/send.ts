/**
 * `relay send FILE`: sends the studies that a device has saved to a file for a stick. Each upload stays the device's
 * own; whoever sends needs an account that may send, and reads nothing of what it carries. The file is checked first.
 * A damaged part is named, and the rest is sent.
 */
import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { blobSource } from '#shared/dicom/byte-source.ts';
import type { ByteSource } from '#shared/dicom/data-set.ts';
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import { carriedAnswerSchema, type CarriedAnswer } from '#shared/protocol/stick.ts';
import { checkSection, openStick, type StickStudy } from '#shared/transfer/stick.ts';
import { ApiProblem, isPage, ForeignAnswer, problemOf } from '../../client/src/net/api-client.ts';
import { CopyUnreadable } from '../../client/src/pipeline/queue/upload-queue.ts';
import { parseArguments, printable, UsageError } from './arguments.ts';
import { carryAll } from './carry-all.ts';
import type { Surroundings } from './command.ts';
import { connect, CONNECTION_OPTIONS, type Connection } from './connect.ts';
import { createProgressLine, type ProgressLine } from './progress-line.ts';
import type { SentStudy } from './sent-studies.ts';
import { createStickQueue, NotInFile } from './stick-queue.ts';
import { refusalsIn, toStudyDocument, toStudyLine } from './upload-report.ts';

/** Something of the file that was not sent: `study` is its number, from 1. */
interface Fault {
  readonly study: number;
  readonly reason: 'cut' | 'damaged' | 'missing' | NonNullable<ApiProblem['anyCode']>;
  readonly sentence: string;
}

interface Sending {
  readonly source: ByteSource;
  readonly connection: Connection;
  readonly awaitReceipts: boolean;
  readonly progress: ProgressLine;
  readonly around: Surroundings;
  readonly studies: SentStudy[];
  readonly faults: Fault[];
}

export async function send(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: CONNECTION_OPTIONS, flags: ['wait', 'json'] });
  const [path, ...more] = options.rest;
  if (path === undefined || more.length > 0) throw new UsageError('name one file that was saved for a stick');
  const source = await openSource(path);
  const found = await openStick(source);
  const sending: Sending = {
    source,
    connection: await connect(options, around),
    awaitReceipts: options.flag('wait'),
    progress: createProgressLine(!options.flag('json')),
    around,
    studies: [],
    faults: [],
  };
  for (const [at, study] of found.entries()) await sendStudy(sending, study, at + 1);
  sending.progress.clear();
  return report(sending, path, options.flag('json'));
}

async function openSource(path: string): Promise<ByteSource> {
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile()) throw new UsageError(`${printable(path)} is not a file`);
  return blobSource(await openAsBlob(path));
}

async function sendStudy(sending: Sending, study: StickStudy, number: number): Promise<void> {
  const { source, connection, around, progress, faults } = sending;
  progress.show(`checking study ${number}`);
  const ticket = await checkSection(source, study.ticket);
  if (ticket !== 'whole') return void faults.push(faultOf(number, ticket));
  const whole: StickStudy['parcels'][number][] = [];
  const broken = new Set<'cut' | 'damaged'>();
  for (const parcel of study.parcels) {
    const state = await checkSection(source, parcel);
    if (state === 'whole') whole.push(parcel);
    else broken.add(state);
  }
  try {
    const first = await bring(connection, study.ticket, around.signal);
    const queue = createStickQueue(first, {
      whole,
      now: () => performance.now(),
      onProgress: (sent, of) => progress.show(`study ${number}: ${sent} of ${of} bytes`),
    });
    sending.studies.push(queue.study);
    await carryAll(connection, around, {
      queue,
      awaitReceipts: sending.awaitReceipts,
      onRate: () => undefined,
      async announce(_promised, signal) {
        const answer = await bring(connection, study.ticket, signal);
        queue.note(answer);
        return answer;
      },
    });
  } catch (error) {
    faults.push(toFault(error, number, broken.has('cut') ? 'cut' : 'damaged'));
  }
}

/** The gateway opens the ticket and says what it wants. Throws ApiProblem, Unreachable. */
async function bring(
  { api }: Connection,
  ticket: StickStudy['ticket'],
  signal: AbortSignal,
): Promise<CarriedAnswer> {
  const query = new URLSearchParams({ ticket: ticket.id, key: ticket.keyId, enc: ticket.enc });
  const response = await api.send(`/upload/carried?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', accept: 'application/json' },
    body: await ticket.read(0, ticket.bytes),
    signal,
  });
  if (isPage(response)) throw new ForeignAnswer(response.status);
  if (!response.ok) throw await problemOf(response);
  return carriedAnswerSchema.parse(await response.json());
}

const BROKEN = {
  cut: 'The file ends too early: a part of this study is missing. Copy the file again.',
  damaged: 'A part of this study is damaged. Copy the file again, or save it again on the device.',
  missing:
    'The gateway still waits for instances that are not in this file, and nobody is bringing them. Save the study again on the device.',
} as const;

const faultOf = (study: number, reason: keyof typeof BROKEN): Fault => ({
  study,
  reason,
  sentence: BROKEN[reason],
});

/** A failure of this study alone; any other is thrown and ends the command. */
function toFault(error: unknown, study: number, broken: 'cut' | 'damaged'): Fault {
  if (error instanceof NotInFile) return faultOf(study, 'missing');
  if (error instanceof CopyUnreadable) return faultOf(study, broken);
  if (!(error instanceof ApiProblem) || error.status === 401) throw error;
  const { anyCode: reason } = error;
  const known: Readonly<Record<string, { readonly title: string; readonly next?: string }>> = ALL_PROBLEMS;
  if (reason === null || !Object.hasOwn(known, reason)) throw error;
  if (reason === 'seal-key-unknown')
    return { study, reason, sentence: 'This file was saved for another gateway.' };
  const { title, next } = known[reason]!;
  return { study, reason, sentence: [title, next].filter(Boolean).join(' ') };
}

function report({ studies, faults, connection, around }: Sending, path: string, isJson: boolean): number {
  const { gateway } = connection;
  const of = faults.map(({ study, reason }) => ({ study, reason }));
  const document = {
    studies: studies.map((study) => toStudyDocument(study, gateway)),
    files: [{ path, faults: of }],
  };
  if (isJson) around.print(JSON.stringify(document, null, 2));
  else for (const study of studies) around.print(toStudyLine(study, gateway));
  const refused = studies.flatMap(refusalsIn);
  for (const { study, sentence, reason } of faults) around.say(`study ${study}: ${sentence} (${reason})`);
  for (const line of refused) around.say(line);
  return faults.length + refused.length > 0 ? 1 : 0;
}
