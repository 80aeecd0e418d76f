import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../dicom/byte-source.ts';
import { summariseFile } from '../ingest/ingest-file.ts';
import { TICKET_BYTES_LIMIT, toStickIndex } from '../protocol/stick.ts';
import {
  checkSection,
  fitsReader,
  openStick,
  stickBytes,
  StickError,
  writeStick,
  type StickBody,
} from './stick.ts';
import { openTicket, sealTicket } from './stick-ticket.ts';

const test = suite('a file for a stick');

const ENC = `${'A'.repeat(43)}=`;
const KEY = { keyId: 'k1', enc: ENC };

const bodyOf = (bytes: Uint8Array): StickBody => ({
  bytes: bytes.length,
  read: async (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length)),
});

const LONGER_THAN_A_PIECE = 1024 * 1024 + 1;

/** Two studies: one of a ticket and two parcels, one of a ticket alone. */
async function makeFile(largest = LONGER_THAN_A_PIECE) {
  const contents = [5, largest, 33, 7].map((length, at) => new Uint8Array(length).fill(at + 1));
  const ticket = (at: number) => ({ id: crypto.randomUUID(), ...KEY, bytes: contents[at]!.length });
  const index = toStickIndex([
    { ticket: ticket(0), parcels: [ticket(1), ticket(2)] },
    { ticket: ticket(3), parcels: [] },
  ]);
  const pieces: Uint8Array[] = [];
  for await (const piece of writeStick(index, contents.map(bodyOf))) pieces.push(piece);
  const file = new Uint8Array(Buffer.concat(pieces));
  return { file, index, contents };
}

/** A reader's verdict on each part, or on the whole file. */
async function judge(file: Uint8Array): Promise<string> {
  try {
    const source = bytesSource(file);
    const parts = (await openStick(source)).flatMap(({ ticket, parcels }) => [ticket, ...parcels]);
    return (await Promise.all(parts.map((part) => checkSection(source, part)))).join(' ');
  } catch (error) {
    if (error instanceof StickError) return error.fault;
    throw error;
  }
}

test('a page that gets it instead of a study says what it is, alone and in a folder; a text that names it is none', async () => {
  const { file } = await makeFile(9);
  const saidOf = async (bytes: Uint8Array<ArrayBuffer>, inFolder: boolean) => {
    const said = await summariseFile(bytes, inFolder, 'deidentified');
    return 'because' in said ? `${said.kind} ${said.because}` : said.kind;
  };
  assert.is(await saidOf(file, false), 'refused not-dicom-stick');
  assert.is(await saidOf(file, true), 'refused not-dicom-stick');
  const near = new TextEncoder().encode(
    'RelayPACS sticks are described here, in a text of more than 132 bytes.'.repeat(3),
  );
  assert.is(await saidOf(near, true), 'skipped not-dicom');
});

test('comes back as it was saved, and has the size that was foretold', async () => {
  const { file, index, contents } = await makeFile();
  assert.is(file.length, stickBytes(index));
  const studies = await openStick(bytesSource(file));
  const parts = studies.flatMap(({ ticket, parcels }) => [ticket, ...parcels]);
  assert.equal(await Promise.all(parts.map((part) => part.read(0, part.bytes))), contents);
  assert.is(await judge(file), 'whole whole whole whole');
});

test('with a changed byte, wherever it is, is refused, or that part of it is', async () => {
  const { file } = await makeFile(40);
  for (const at of file.keys()) {
    file[at]! ^= 0x20;
    assert.is.not(await judge(file), 'whole whole whole whole', `byte ${at}`);
    file[at]! ^= 0x20;
  }
  assert.is(await judge(file), 'whole whole whole whole');
});

test('that was cut keeps the parts before the cut; one that is cut in its index, or longer, is refused', async () => {
  const { file } = await makeFile();
  assert.is(await judge(file.subarray(0, file.length - 1)), 'whole whole whole cut');
  assert.is(await judge(file.subarray(0, 1024 * 1024)), 'whole cut cut cut');
  for (const length of [17, 51, 52, 60]) assert.is(await judge(file.subarray(0, length)), 'damaged');
  for (const length of [0, 15]) assert.is(await judge(file.subarray(0, length)), 'not-a-stick');
  assert.is(await judge(new Uint8Array([...file, 0])), 'damaged');
});

test('of a newer version, or with an index beyond its limit, is refused before anything is allocated for it', async () => {
  const make = async (index: unknown, length?: number) => {
    const text = new TextEncoder().encode(JSON.stringify(index));
    const head = Buffer.alloc(52);
    head.write('RelayPACS stick\n', 'latin1');
    head.writeUInt32BE(length ?? text.length, 16);
    head.set(new Uint8Array(await crypto.subtle.digest('SHA-256', text)), 20);
    return new Uint8Array(Buffer.concat([head, text]));
  };
  const study = { ticket: { id: crypto.randomUUID(), ...KEY, bytes: 1 }, parcels: [] };
  assert.is(await judge(await make({ version: 2, studies: [study] })), 'newer');
  assert.is(await judge(await make({ version: 1, studies: [study] })), 'cut');
  assert.is(await judge(await make({ version: 1, studies: [study] }, 0xffffffff)), 'damaged');
  assert.is(await judge(await make({ version: 1, studies: [] })), 'damaged');
  assert.is(
    await judge(await make({ version: 1, studies: Array(1000).fill(study) })),
    Array(1000).fill('cut').join(' '),
  );
  assert.is(await judge(await make({ version: 1, studies: Array(1001).fill(study) })), 'damaged');
  const large = (bytes: number) => ({
    version: 1,
    studies: [{ ...study, ticket: { ...study.ticket, bytes } }],
  });
  assert.is(await judge(await make(large(6 * 1024 * 1024))), 'cut');
  assert.is(await judge(await make(large(6 * 1024 * 1024 + 1))), 'damaged');
});

test('a body that is shorter or longer than the index says is not written', async () => {
  const { index, contents } = await makeFile();
  const write = async (bodies: readonly StickBody[]) => {
    for await (const _ of writeStick(index, bodies));
  };
  const short = { ...bodyOf(contents[1]!), read: async () => new Uint8Array(3) };
  for (const bodies of [
    [bodyOf(contents[0]!), short],
    contents.slice(1).map(bodyOf),
    contents.slice(0, 3).map(bodyOf),
  ]) {
    const error = await write(bodies).catch((thrown: unknown) => thrown);
    assert.instance(error, RangeError);
  }
});

test('its ticket opens for the gateway alone, under its own id, with every byte as it was', async () => {
  const pair = (await crypto.subtle.generateKey({ name: 'X25519' }, true, ['deriveBits'])) as CryptoKeyPair;
  const { x = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const key = { kid: 'k', kty: 'OKP', crv: 'X25519', x } as const;
  const promise = crypto.getRandomValues(new Uint8Array(3000));
  const { enc, sealed } = await sealTicket(key, 'one', { grant: 'a.b.c', promise });
  assert.equal(await openTicket(pair.privateKey, { id: 'one', enc }, sealed), { grant: 'a.b.c', promise });
  assert.is(await openTicket(pair.privateKey, { id: 'two', enc }, sealed), null);
  for (const at of [0, 1, 2, 1500, sealed.length - 1]) {
    const changed = sealed.slice();
    changed[at]! ^= 1;
    assert.is(await openTicket(pair.privateKey, { id: 'one', enc }, changed), null);
  }
  assert.is(await openTicket(pair.privateKey, { id: 'one', enc }, sealed.slice(0, -1)), null);
});

test('that no reader would take is not written: too many studies, too large a ticket, too long an index', () => {
  const entry = (bytes: number) => ({ id: crypto.randomUUID(), ...KEY, bytes });
  const of = (studies: number, parcels: number, ticketBytes = 5) =>
    fitsReader(
      toStickIndex(
        Array.from({ length: studies }, () => ({
          ticket: entry(ticketBytes),
          parcels: Array.from({ length: parcels }, () => entry(9)),
        })),
      ),
    );
  assert.equal([of(1000, 0), of(1001, 0), of(0, 0)], [true, false, false]);
  assert.equal([of(1, 0, TICKET_BYTES_LIMIT), of(1, 0, TICKET_BYTES_LIMIT + 1)], [true, false]);
  assert.equal([of(3, 18_000), of(4, 18_000)], [true, false]);
});

test.run();
