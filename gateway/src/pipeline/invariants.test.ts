/**
 * The invariants of PROTOCOL.md: devices, a PACS, a person and a killer do what they like in any order, and after each step everything that
 * always holds is asked of the database, the disk, the receipts and the PACS. In the end all are honest, and nothing may be lost.
 */
import { decodeJwt } from 'jose';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { isInPacs, isSettled } from '#shared/protocol/study-state.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { openTestPacs, type Lie, type TestPacs } from '../ports/pacs/open-test-pacs.ts';
import { digestOf, openTestGround, openTestPipeline, packed, rollingBack, toManifest, type TestGround, type TestPipeline } from './open-test-pipeline.ts';
import { blobOf } from './parcel-blobs.ts';
import { ROAD, runParcel } from './pipeline.ts';

const INSTANCES = 3;
const STAGE_NAMES = ROAD.map(({ stage }) => stage);
const LIES: readonly Lie[] = ['honest', 'honest', 'down', 'cut', 'half', 'forgetful', 'refusing', 'busy', 'deaf-to-searches'];

type Step =
  | { do: 'announce'; count: number; rival: boolean }
  /** `coded`: a bit for each instance that travels so. */
  | { do: 'send'; rival: boolean; damaged: boolean; sealed: boolean; coded: number }
  | { do: 'verify' }
  /** `stage` null: the one whose turn it is. */
  | { do: 'run' | 'kill'; stage: (typeof STAGE_NAMES)[number] | null }
  | { do: 'lie'; lie: Lie }
  | { do: 'decide'; decision: 'leave-out' | 'retry' }
  /** A person leaves out all that has not gone on. */
  | { do: 'cancel' }
  | { do: 'lose-from-pacs' | 'lose-spool' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('announce' as const), count: fc.integer({ min: 1, max: INSTANCES }), rival: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), rival: fc.boolean(), damaged: fc.boolean(), sealed: fc.boolean(), coded: fc.nat(7) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('verify' as const) }) },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('run' as const), stage: fc.constant(null) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('run' as const), stage: fc.constantFrom(...STAGE_NAMES) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('kill' as const), stage: fc.constant(null) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('lie' as const), lie: fc.constantFrom(...LIES) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('decide' as const), decision: fc.constantFrom('leave-out' as const, 'retry' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('lose-from-pacs' as const, 'lose-spool' as const) }) },
);

/** One world: a study, its rival (the same UIDs, other pixels), and what was done to them. */
class World {
  readonly pipeline: TestPipeline;
  readonly pacs: TestPacs;
  readonly honest: readonly SyntheticInstance[];
  readonly rivals: readonly SyntheticInstance[];
  uploadId: string | null = null;
  /** Steps after which an instance may be posted once more. */
  upsets = 0;
  readonly lostFromPacs = new Set<string>();
  spoolLost = false;

  constructor(pipeline: TestPipeline, pacs: TestPacs, seed: number) {
    this.pipeline = pipeline;
    this.pacs = pacs;
    this.honest = syntheticStudy({ seed, instancesPerSeries: INSTANCES, rows: 8, columns: 8 }).instances;
    this.rivals = this.honest.map((instance) => {
      const bytes = instance.bytes.slice();
      bytes[bytes.length - 1]! ^= 1;
      return { ...instance, bytes };
    });
  }

  async announce(instances: readonly SyntheticInstance[]) {
    const answer = await this.pipeline.init(toManifest(instances));
    this.uploadId = answer.uploadId;
    return answer;
  }

  async take(step: Step): Promise<void> {
    const { pipeline, pacs } = this;
    const { db } = pipeline.tools;
    if (step.do === 'announce') return void (await this.announce((step.rival ? this.rivals : this.honest).slice(0, step.count)));
    if (step.do === 'lie') return void (pacs.lie = step.lie);
    if (this.uploadId === null) return;
    switch (step.do) {
      case 'send': {
        const bytes = await packed(step.rival ? this.rivals : this.honest, (i) => ((step.coded >> i) & 1) === 1);
        const spoil = (sent: Uint8Array): void => void (step.damaged && (sent[sent.length - 80]! ^= 0xff));
        if (step.sealed) return void (await pipeline.sendSealed(this.uploadId, bytes, undefined, spoil));
        spoil(bytes);
        await pipeline.sendBytes(this.uploadId, bytes);
        return;
      }
      case 'verify':
        return this.verify();
      case 'run':
      case 'kill': {
        if (step.do === 'kill' || pacs.lie !== 'honest') this.upsets += 1;
        const tools = step.do === 'kill' ? { ...pipeline.tools, db: rollingBack(db) } : pipeline.tools;
        const studyId = await this.studyId();
        const { state } = await db.selectFrom('study').select('state').where('id', '=', studyId).executeTakeFirstOrThrow();
        const stage = step.stage ?? ROAD.find(({ when }) => when === state)?.stage;
        if (stage !== undefined) await pipeline.run(stage, studyId, tools).catch((error: unknown) => assert.ok(step.do === 'kill', String(error)));
        return;
      }
      case 'decide': {
        this.upsets += 1;
        const { instances = [] } = await pipeline.status(this.uploadId);
        const chosen = instances.filter(({ state }) => state === 'quarantined').slice(0, 1).map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest }));
        if (chosen.length > 0) await pipeline.json('POST', `/upload/${this.uploadId}/decisions`, { decision: step.decision, instances: chosen });
        return;
      }
      case 'cancel': {
        this.upsets += 1;
        const { state, instances = [] } = await pipeline.status(this.uploadId);
        const chosen = instances.filter((one) => one.state === 'promised' || one.state === 'received').map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest }));
        if (chosen.length === 0) return;
        await pipeline.json('POST', `/upload/${this.uploadId}/decisions`, { decision: 'leave-out', instances: chosen });
        const left = (await pipeline.status(this.uploadId)).instances?.filter((one) => one.state === 'promised') ?? [];
        assert.equal(left, [], `what was promised is left out, in ${state}`);
        return;
      }
      case 'lose-from-pacs': {
        this.upsets += 1;
        const uid = this.honest[0]!.identifiers.sopInstanceUID;
        pacs.held.delete(uid);
        this.lostFromPacs.add(uid);
        return;
      }
      case 'lose-spool':
        this.upsets += 1;
        this.spoolLost = true;
        for (const id of await pipeline.tools.blobs.ids()) await pipeline.tools.blobs.remove(id);
        return;
      default:
        return step satisfies never;
    }
  }

  async verify(): Promise<void> {
    const { tools, siteId } = this.pipeline;
    const rows = await tools.db.selectFrom('parcel').select('id').where('state', '=', 'received').where('site_id', '=', siteId).execute();
    for (const { id } of rows) await runParcel(id, tools, new AbortController().signal);
  }

  async studyId(): Promise<string> {
    return (await this.pipeline.tools.db.selectFrom('upload').select('study_id').where('id', '=', this.uploadId).executeTakeFirstOrThrow()).study_id;
  }

  async rows() {
    return this.pipeline.tools.db.selectFrom('instance').selectAll().where('site_id', '=', this.pipeline.siteId).execute();
  }

  async check(): Promise<void> {
    const { tools, siteId } = this.pipeline;
    const rows = await this.rows();
    const studies = await tools.db.selectFrom('study').selectAll().where('site_id', '=', siteId).execute();
    const active = Map.groupBy(rows.filter(({ state }) => !['refused', 'left-out', 'quarantined'].includes(state)), (row) => row.sop_instance_uid);
    for (const [uid, same] of active) assert.ok(same.length === 1, `I2: ${same.length} instances under ${uid}`);
    for (const row of rows) {
      const held = this.pacs.held.get(row.sop_instance_uid);
      if (isInPacs(row.state) && !this.lostFromPacs.has(row.sop_instance_uid)) assert.is(held && digestOf(held.bytes), row.digest, `I1: ${row.state}`);
      assert.ok((this.pacs.posted.get(row.sop_instance_uid) ?? 0) <= 1 + 3 * this.upsets, 'I9: posted too often');
      const mustBeHere = row.parcel_id !== null && (!isSettled(row.state) || row.state === 'quarantined') && !this.spoolLost;
      if (mustBeHere) assert.ok(((await tools.blobs.size(blobOf(row)!)) ?? 0) >= row.body_offset! + row.bytes, `I8: the bytes of one that is ${row.state}`);
      if (row.reason === 'pacs-lost' && !this.spoolLost) assert.ok(row.parcel_id !== null, 'I8: what the PACS lost is kept');
      if (row.state === 'received' || row.state === 'posting') assert.ok(row.parcel_id !== null, 'I8: a place');
    }
    for (const study of studies) {
      if (study.state === 'closed') assert.is(study.wrapped_key, null, 'I8: a closed study has no key');
      else if (rows.some((row) => row.study_id === study.id && row.parcel_id !== null)) assert.ok(study.wrapped_key !== null, 'I8: the key is there');
      const receipts = await tools.db.selectFrom('receipt').selectAll().where('study_id', '=', study.id).orderBy('revision').execute();
      assert.equal(receipts.map(({ revision }) => revision), [...new Set(receipts.map(({ revision }) => revision))], 'I5: one receipt a revision');
      const newest = receipts.find(({ revision }) => revision === study.revision);
      assert.is(newest !== undefined, ['receipted', 'closed', 'held'].includes(study.state), `I5: a receipt exactly when ${study.state}`);
      if (newest === undefined) continue;
      const said = (decodeJwt(newest.jws) as unknown as Receipt).instances.map(({ sopInstanceUID, digest, state }) => `${sopInstanceUID} ${digest} ${state}`);
      const is = rows.filter((row) => row.study_id === study.id).map((row) => `${row.sop_instance_uid} ${row.digest} ${row.state}`);
      assert.equal(said.sort(), is.sort(), 'I6: the receipt of this revision says what is');
    }
  }

  /** All are honest now: the device sends what it is asked for. */
  async settle(): Promise<void> {
    this.pacs.lie = 'honest';
    for (let round = 0; round < 8; round += 1) {
      const { need } = await this.announce(this.honest);
      const wanted = new Set(need.map(({ digest }) => digest));
      const asked = this.honest.filter(({ bytes }) => wanted.has(digestOf(bytes)));
      if (asked.length > 0) await this.pipeline.send(this.uploadId!, asked);
      await this.verify();
      const rivals = (await this.rows()).filter(({ state, digest }) => state === 'promised' && this.rivals.some(({ bytes }) => digestOf(bytes) === digest));
      if (rivals.length > 0) await this.pipeline.send(this.uploadId!, this.rivals);
      await this.pipeline.runAll();
    }
    const states = (await this.pipeline.status(this.uploadId!)).state;
    assert.ok(states === 'closed' || states === 'held', `I13: it ends, in ${states}`);
    for (const row of await this.rows()) {
      assert.ok(isSettled(row.state), 'I13: settled');
      if (isInPacs(row.state)) assert.ok(this.pacs.held.has(row.sop_instance_uid), 'I13: what is called stored is there');
      else assert.ok(row.reason !== null, `I13: ${row.state} has a reason`);
    }
  }
}

const test = suite('whatever happens to a study');
let ground: TestGround;
test.before(async () => void (ground = await openTestGround()));
test.after(() => ground.close());

test('I1 I2 I5 I6 I8 I9 I13 hold after every step, and in the end nothing is lost', async () => {
  let seed = 1000;
  const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), async (steps) => {
    const pacs = openTestPacs();
    const pipeline = await openTestPipeline({ pacs, start: false, ground });
    const world = new World(pipeline, pacs, (seed += 1));
    try {
      await world.announce(world.honest.slice(0, 2));
      await world.take({ do: 'send', rival: false, damaged: false, sealed: true, coded: 2 });
      await world.verify();
      for (const each of steps) {
        await world.take(each);
        await world.check();
      }
      await world.settle();
      await world.check();
      assert.equal(pipeline.failures.splice(0), []);
    } finally {
      await pipeline.close();
    }
  });
  // Each run takes some 0.3 s; more on demand.
  await fc.assert(property, { numRuns: Number(process.env['RELAY_TEST_RUNS'] ?? 20), ...(process.env['RELAY_TEST_SEED'] ? { seed: Number(process.env['RELAY_TEST_SEED']) } : {}) });
});
test.run();
