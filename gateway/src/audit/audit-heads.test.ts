/** The audit trail against its own database: whatever its owner does to a row is found up to the last head. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IS_WHOLE_PROOF } from '#testing/environment.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import type { Database, Db } from '../database/database.ts';
import { openKeys } from '../keys.ts';
import { LINK_LOCAL } from '../refuse-link-local.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { GENESIS, hashOfRow, recordAudit } from './audit.ts';
import { openAuditHeads, type AuditHeadTools } from './audit-heads.ts';
import { signHead } from './sign-head.ts';
import { verifyAudit } from './verify-audit.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const SEEDS = IS_WHOLE_PROOF ? 10 : 2;

const test = suite('the audit trail and its heads');
let database: Database;
let folder = '';
test.before(async () => {
  database = await openTestDatabase();
});
test.before.each(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relay-audit-'));
  await database.db.deleteFrom('audit').execute();
});
test.after.each(() => rmSync(folder, { recursive: true, force: true }));
test.after(() => database.close());

function openHeads(options: Partial<AuditHeadTools> = {}) {
  const lines: { readonly event: string }[] = [];
  const heads = openAuditHeads({
    db: database.db,
    dataDir: folder,
    auditUrl: null,
    blocked: LINK_LOCAL,
    publicUrl: 'http://localhost:3000',
    keys: openKeys(join(folder, 'keys')),
    log: (line) => void lines.push(line),
    now: () => new Date(),
    ...options,
  });
  return { heads, lines, verify: () => verifyAudit(database.db, heads) };
}

async function addRows(count: number): Promise<void> {
  const { db } = database;
  const { id: siteId } = await db.selectFrom('site').select('id').executeTakeFirstOrThrow();
  for (let nr = 0; nr < count; nr += 1)
    await db
      .transaction()
      .execute((trx) =>
        recordAudit(trx, siteId, { event: 'login', accountId: randomUUID(), address: '127.0.0.1' }),
      );
}

const rowsOf = (db: Db) => db.selectFrom('audit').selectAll().orderBy('seq').execute();
type Row = Awaited<ReturnType<typeof rowsOf>>[number];

/** Rewrites the trail as the database's owner can: from these rows, and with hashes that fit. */
async function rewrite(rows: readonly Row[]): Promise<void> {
  const { db } = database;
  await db.deleteFrom('audit').execute();
  let previous_hash = GENESIS;
  for (const [index, row] of rows.entries()) {
    const written = { ...row, seq: index + 1, previous_hash };
    previous_hash = hashOfRow(written);
    await db
      .insertInto('audit')
      .values({ ...written, fields: JSON.stringify(row.fields), hash: previous_hash })
      .execute();
  }
}

type Tampering = (rows: readonly Row[], below: (limit: number) => number) => readonly Row[];
/** Each leaves a chain whose hashes all fit. `below`: a random number below a limit. */
const TAMPERING: Readonly<Record<string, Tampering>> = {
  'cut at the end': (rows, below) => rows.slice(0, below(rows.length)),
  'cut in the middle': (rows, below) => {
    const from = below(rows.length - 1);
    return rows.toSpliced(from, 1 + below(rows.length - from - 1));
  },
  'rewritten in one row': (rows, below) => {
    const at = below(rows.length);
    return rows.with(at, { ...rows[at]!, fields: { accountId: 'somebody else' } });
  },
  'replaced by another event': (rows, below) => {
    const at = below(rows.length);
    return rows.with(at, { ...rows[at]!, event: 'logout' });
  },
  'put at another time': (rows, below) => {
    const at = below(rows.length);
    return rows.with(at, { ...rows[at]!, at: new Date(0) });
  },
  reordered: (rows, below) => {
    const at = below(rows.length - 1);
    return rows.with(at, rows[at + 1]!).with(at + 1, rows[at]!);
  },
  'extended by a row in the middle': (rows, below) => {
    const at = below(rows.length);
    return rows.toSpliced(at, 0, { ...rows[at]!, event: 'logout', fields: { accountId: randomUUID() } });
  },
  'repeated in one row': (rows, below) => rows.toSpliced(below(rows.length), 0, rows[0]!),
  'emptied and begun again': (rows) => rows.slice(0, 1),
};

for (const [name, tamper] of Object.entries(TAMPERING))
  test(`a chain that was ${name} and made to fit is found (${SEEDS} seeds)`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      await database.db.deleteFrom('audit').execute();
      rmSync(join(folder, 'audit'), { recursive: true, force: true });
      const random = seededRandom(seed);
      const { heads, verify } = openHeads();
      await addRows(4 + Math.floor(random() * 4));
      await heads.advance();
      await addRows(3);
      await heads.advance();
      assert.is((await verify()).kind, 'whole');
      await rewrite(tamper(await rowsOf(database.db), (limit) => Math.floor(random() * limit)));
      assert.is((await verifyAudit(database.db)).kind, 'whole', 'the chain alone does not show it');
      const verdict = await verify();
      assert.is(verdict.kind, 'broken', `seed ${seed}: ${JSON.stringify(verdict)}`);
    }
  });

/** A place outside: a file, and a server that tells its last head or nothing of them. */
type Place = { readonly url: URL; readonly heads: () => readonly string[]; close(): void };
const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  'a file': async () => {
    const place = mkdtempSync(join(tmpdir(), 'relay-audit-place-'));
    const path = join(place, 'heads.jws');
    return {
      url: pathToFileURL(path),
      heads: () => readFileSync(path, 'utf8').trim().split('\n'),
      close: () => rmSync(place, { recursive: true, force: true }),
    };
  },
  'a server that tells its last head': () => openServerPlace((taken) => taken.at(-1)),
  'a server that tells nothing': () => openServerPlace(() => undefined),
};

async function openServerPlace(tell: (taken: readonly string[]) => string | undefined): Promise<Place> {
  const taken: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += piece));
    request.on('end', () => {
      if (request.method === 'POST') taken.push(body);
      const told = request.method === 'POST' ? '' : tell(taken);
      response.writeHead(told === undefined ? 405 : 200).end(told);
    });
  });
  const port = await listenOnLoopback(server);
  return {
    url: new URL(`http://127.0.0.1:${port}/heads`),
    heads: () => taken,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Three heads, at rows that the seed draws; the numbers of their rows. */
async function signThree(heads: ReturnType<typeof openHeads>['heads'], random: () => number) {
  const signed: number[] = [];
  for (let nr = 0; nr < 3; nr += 1) {
    await addRows(1 + Math.floor(random() * 4));
    await heads.advance();
    signed.push((await rowsOf(database.db)).length);
  }
  return signed as [number, number, number];
}

for (const [name, openPlace] of Object.entries(PLACES))
  test(`a trail whose rows and heads were cut alike is held against the heads that were shipped to ${name} (${SEEDS} seeds)`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      await database.db.deleteFrom('audit').execute();
      rmSync(join(folder, 'audit'), { recursive: true, force: true });
      const random = seededRandom(seed);
      const place = await openPlace();
      const { heads, verify, lines } = openHeads({ auditUrl: place.url });
      const [first] = await signThree(heads, random);
      assert.is((await verify()).kind, 'whole');
      const path = join(folder, 'audit', 'heads.jws');
      const [kept = ''] = readFileSync(path, 'utf8').split('\n');
      await database.db.deleteFrom('audit').where('seq', '>', first).execute();
      writeFileSync(path, `${kept}\n`);
      const verdict = await verify();
      assert.is(verdict.kind, 'broken', `seed ${seed}: ${JSON.stringify(verdict)}`);
      const before = [...place.heads()];
      await addRows(1 + Math.floor(random() * 12));
      await heads.advance();
      assert.equal(place.heads(), before, 'other heads do not follow those that were shipped');
      assert.is(lines.at(-1)?.event, 'audit-heads-changed');
      assert.is((await verify()).kind, 'broken', `seed ${seed}: later rows do not hide it`);
      place.close();
    }
  });

test('without a place outside, rows whose heads were removed are said to be unproven', async () => {
  const { heads, verify } = openHeads();
  await signThree(heads, seededRandom(1));
  rmSync(join(folder, 'audit'), { recursive: true });
  const verdict = await verify();
  assert.equal(verdict.kind === 'whole' && [verdict.proven, verdict.unproven - verdict.rows], [null, 0]);
});

for (const isWhole of [false, true])
  test(`${isWhole ? 'a data directory' : 'a database'} of an earlier day is found, and the rows that are gone are named (${SEEDS} seeds)`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      await database.db.deleteFrom('audit').execute();
      rmSync(join(folder, 'audit'), { recursive: true, force: true });
      const random = seededRandom(seed);
      const place = await PLACES['a file']!();
      const options = isWhole ? { auditUrl: place.url } : {};
      const { heads } = openHeads(options);
      const day = await signThree(heads, random);
      const path = join(folder, 'audit', 'heads.jws');
      const older = readFileSync(path, 'utf8');
      const [, , newest] = await signThree(heads, random);
      await database.db.deleteFrom('audit').where('seq', '>', day[2]).execute();
      if (isWhole) writeFileSync(path, older);
      const { heads: next, verify } = openHeads(options);
      assert.equal(await verify(), { kind: 'broken', atSeq: day[2] + 1, because: 'cut' }, `seed ${seed}`);
      await next.link();
      await addRows(Math.floor(random() * 12));
      await next.advance();
      const verdict = await verify();
      assert.equal(verdict.kind === 'whole' && verdict.lost, [{ from: day[2] + 1, to: newest }]);
      place.close();
    }
  });

test('rows after the last head are said to be unproven, and the head says since when the others are proven', async () => {
  const { heads, verify } = openHeads({ now: () => new Date('2026-05-01T10:00:00Z') });
  await addRows(5);
  const before = await verify();
  assert.equal(before.kind === 'whole' && [before.proven, before.unproven], [null, 5]);
  await heads.advance();
  await heads.advance();
  await addRows(2);
  const after = await verify();
  assert.equal(after.kind === 'whole' && [after.proven, after.unproven, after.rows], [
    { seq: 5, at: '2026-05-01T10:00:00.000Z' },
    2,
    7,
  ]);
  assert.is((await Array.fromAsync(heads.all())).length, 1, 'a head is signed where the trail has grown');
});

test('heads that were cut out, swapped, or signed with another key are found', async () => {
  const { heads, verify } = openHeads();
  for (let nr = 0; nr < 4; nr += 1) {
    await addRows(2);
    await heads.advance();
  }
  const path = join(folder, 'audit', 'heads.jws');
  const text = readFileSync(path, 'utf8');
  const [a = '', b = '', c = '', d = ''] = text.trim().split('\n');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const foreign = await signHead((await heads.read(d))!, { kid: 'x', privateKey, publicKey });
  for (const changed of [
    [a, c, d],
    [a, c, b, d],
    [b, c, d],
    [a, b, c, foreign],
    [a, 'x', c, d],
  ]) {
    writeFileSync(path, changed.map((line) => `${line}\n`).join(''));
    const verdict = await verify();
    assert.is(verdict.kind === 'broken' && verdict.because, 'heads', changed.length.toString());
  }
  writeFileSync(path, `${text}${d.slice(0, 40)}`);
  assert.is((await verify()).kind, 'whole', 'half a line is what a power cut leaves');
  await addRows(1);
  await heads.advance();
  assert.is((await Array.fromAsync(heads.all())).length, 5);
  assert.is((await verify()).kind, 'whole');
});

test('a database that was put back to an older state continues from there: the trail names the rows that are gone', async () => {
  const { heads, verify } = openHeads();
  await addRows(4);
  await heads.advance();
  await addRows(6);
  await heads.advance();
  await database.db.deleteFrom('audit').where('seq', '>', 6).execute();
  assert.equal(await verify(), { kind: 'broken', atSeq: 7, because: 'cut' });
  const { heads: next, verify: verifyNext, lines } = openHeads();
  await next.link();
  await addRows(8);
  await next.advance();
  const verdict = await verifyNext();
  assert.equal(verdict.kind === 'whole' && [verdict.lost, verdict.unproven], [[{ from: 7, to: 10 }], 0]);
  assert.equal(
    lines.map(({ event }) => event),
    ['audit-restored'],
  );
  const row = (await rowsOf(database.db)).find(({ seq }) => seq === 7);
  assert.equal([row?.event, row?.fields['lostSeq']], ['audit-restored', 10]);
  const rows = await rowsOf(database.db);
  await rewrite(rows.filter(({ seq }) => seq !== 7));
  assert.is((await verifyNext()).kind, 'broken', 'the row that names them cannot be removed');
});

test('gateways that stop together sign one head after the other: no two follow the same one', async () => {
  const gateways = Array.from({ length: 4 }, () => openHeads());
  for (let nr = 0; nr < 5; nr += 1) {
    await addRows(1);
    await Promise.all(gateways.map(({ heads }) => heads.advance()));
  }
  const { heads, verify } = openHeads();
  assert.is((await verify()).kind, 'whole');
  assert.is((await Array.fromAsync(heads.all())).length, 5);
  await database.db.deleteFrom('audit').where('seq', '>', 2).execute();
  await Promise.all(gateways.map((gateway) => gateway.heads.link()));
  assert.equal(
    (await rowsOf(database.db)).map(({ event }) => event),
    ['login', 'login', 'audit-restored'],
  );
  const verdict = await verify();
  assert.equal(verdict.kind === 'whole' && verdict.lost, [{ from: 3, to: 5 }]);
});

test('a whole data directory that was put back is held against the heads that were shipped', async () => {
  const place = mkdtempSync(join(tmpdir(), 'relay-audit-place-'));
  const auditUrl = pathToFileURL(join(place, 'heads.jws'));
  const { heads } = openHeads({ auditUrl });
  await addRows(3);
  await heads.advance();
  const kept = readFileSync(join(folder, 'audit', 'heads.jws'));
  await addRows(3);
  await heads.advance();
  assert.is(await heads.shipped(), 6);
  await database.db.deleteFrom('audit').where('seq', '>', 3).execute();
  writeFileSync(join(folder, 'audit', 'heads.jws'), kept);
  const { heads: next, verify } = openHeads({ auditUrl });
  assert.equal(await verify(), { kind: 'broken', atSeq: 4, because: 'cut' });
  await next.link();
  await next.advance();
  const verdict = await verify();
  assert.equal(verdict.kind === 'whole' && [verdict.lost, verdict.shipped], [[{ from: 4, to: 6 }], 4]);
  rmSync(place, { recursive: true, force: true });
});

test('heads are read page by page, and each keeps its place when it is shipped', async () => {
  const place = mkdtempSync(join(tmpdir(), 'relay-audit-place-'));
  const auditUrl = pathToFileURL(join(place, 'heads.jws'));
  const { heads } = openHeads({ auditUrl });
  const { heads: unshipping } = openHeads();
  for (let nr = 0; nr < 7; nr += 1) {
    await addRows(1);
    await (nr < 3 ? heads : unshipping).advance();
  }
  const all = await Array.fromAsync(heads.all());
  const first = await heads.page(0, 2);
  const second = await heads.page(first.next!, 3);
  await heads.advance();
  const third = await heads.page(second.next!, 3);
  assert.equal([...first.heads, ...second.heads, ...third.heads], all);
  assert.equal([all.length, third.next], [7, null]);
  assert.equal(await Array.fromAsync(heads.all()), all);
  rmSync(place, { recursive: true, force: true });
});

test('heads reach a server in their order, each once; those that it does not take are sent with the next ones', async () => {
  const taken: string[] = [];
  let status = 503;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += piece));
    request.on('end', () => {
      if (request.method === 'POST' && status === 201) taken.push(body);
      response.writeHead(request.method === 'POST' ? status : 405).end();
    });
  });
  const port = await listenOnLoopback(server);
  const auditUrl = new URL(`http://127.0.0.1:${port}/heads`);
  const { heads, lines } = openHeads({ auditUrl });
  await addRows(1);
  await heads.advance();
  assert.equal([taken.length, lines.at(-1)?.event, await heads.shipped()], [0, 'audit-not-shipped', null]);
  status = 201;
  await addRows(1);
  await heads.advance();
  await openHeads({ auditUrl }).heads.advance();
  await addRows(1);
  await heads.advance();
  assert.equal(taken, await Array.fromAsync(heads.all()));
  assert.is(await heads.shipped(), 3);
  server.closeAllConnections();
  server.close();
});

test.run();
