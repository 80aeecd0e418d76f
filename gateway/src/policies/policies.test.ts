/**
 * The promises of an administrator's policies to senders: which version accepts an upload, which one judges it,
 * and the fate of waiting studies.
 */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { policyAnswerSchema, type Policy, type UploadStatus } from '#shared/protocol/api.ts';
import type { Manifest } from '#shared/protocol/manifest.ts';
import { BUILT_IN_NAMES, type PolicyDocument } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { deidentifyBytes, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { sha256 } from '#testing/sha256.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { testDatabases } from '../testing/open-database.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  PSEUDONYMS_SEED,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { packed, toManifest } from '../testing/pack-parcel.ts';
import { newStudy } from '../testing/open-study.ts';
import { BUILT_IN_POLICIES } from './policies.ts';
import { insertPolicy, listVersions, replacePolicy, versionsOf, withdrawPolicy } from './policy.store.ts';

const KEEPING: PolicyDocument = {
  name: 'own',
  title: 'Institutions stay',
  deidentify: true,
  options: ['retain-institution-identity'],
  roles: ['technician', 'researcher'],
};
const STRICT: PolicyDocument = { ...KEEPING, title: 'Nothing stays', options: [] };

for (const { name, open } of testDatabases('policies')) {
  const test = suite(`an administrator’s policies on ${name}`);
  let ground: TestGround;
  test.before(async () => {
    ground = await openTestGround(await open());
  });
  test.after(() => ground.close());

  type Sent = SyntheticInstance & { readonly originalDigest: string };
  type World = TestPipeline & {
    readonly change: { siteId: string; by: string; now: Date };
    make(document: PolicyDocument): Promise<void>;
    replace(document: PolicyDocument, version: number): Promise<void>;
    withdraw(version: number): Promise<boolean>;
    offered(): Promise<readonly Policy[]>;
    namesOffered(): Promise<string[]>;
    /** The code that refuses an announcement under this version; undefined: it is accepted. */
    codeOf(
      instances: readonly SyntheticInstance[],
      version: number,
      name?: string,
    ): Promise<string | undefined>;
    /** The upload once everything in it is judged. */
    sent(uploadId: string, instances: readonly SyntheticInstance[]): Promise<UploadStatus>;
  };

  async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
    const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
    const change = { siteId: pipeline.siteId, by: pipeline.accountId, now: new Date() };
    const { db } = pipeline.tools;
    const offered: World['offered'] = async () =>
      policyAnswerSchema.parse(await pipeline.json('GET', '/upload/policy')).policies;
    await run({
      ...pipeline,
      change,
      make: (document) => db.transaction().execute((trx) => insertPolicy(trx, document, change)),
      replace: (document, version) =>
        db.transaction().execute((trx) => replacePolicy(trx, document, version, change)),
      withdraw: (version) => db.transaction().execute((trx) => withdrawPolicy(trx, 'own', version, change)),
      offered,
      namesOffered: async () => (await offered()).map((policy) => policy.name),
      codeOf: async (instances, version, policy) =>
        (await pipeline.json<{ code?: string }>('POST', '/upload/init', under(instances, version, policy)))
          .code,
      async sent(uploadId, instances) {
        await pipeline.send(uploadId, instances);
        await pipeline.runAll();
        return pipeline.status(uploadId);
      },
    });
    assert.equal(pipeline.failures, []);
    await pipeline.close();
  }

  /** A study as a device de-identifies it under these options. */
  async function deidentified(
    options: string[],
    { of = newStudy(), key = 1 }: { of?: readonly SyntheticInstance[]; key?: number } = {},
  ): Promise<Sent[]> {
    const pseudonyms = await pseudonymsOf(PSEUDONYMS_SEED, { name: 'own', key });
    return Promise.all(
      of.map(async (instance) => {
        const made = await deidentifyBytes(instance.bytes, rulesOf(...options), pseudonyms);
        if (made.kind !== 'ready') throw new Error(made.because);
        const { identifiers, patient } = made.outcome;
        const originalDigest = await pseudonyms.originalDigest(sha256(instance.bytes), patient);
        return { ...instance, bytes: new Uint8Array(made.bytes), identifiers, originalDigest };
      }),
    );
  }

  const under = (instances: readonly SyntheticInstance[], version: number, policy = 'own'): Manifest => ({
    ...toManifest(instances),
    policy: { name: policy, version },
  });
  /** With the digest of its original. */
  const naming = (instance: Sent, version: number): Manifest => ({
    ...toManifest([instance], 'own', { originalDigest: instance.originalDigest }),
    policy: { name: 'own', version },
  });
  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'done',
      (error: unknown) => (error instanceof Problem ? error.code : String(error)),
    );

  test('have no name that a built-in one has', () =>
    assert.equal(
      BUILT_IN_POLICIES.map((policy) => policy.name),
      [...BUILT_IN_NAMES],
    ));

  test('are offered with their rules, the newest version alone, to the roles and the site that they name', () =>
    inWorld(async (world) => {
      const rules = { unknownAttributes: 'keep' as const, attributes: { '00101010': 'keep' as const } };
      await world.make(KEEPING);
      await world.replace({ ...KEEPING, rules }, 1);
      const own = (await world.offered()).find((policy) => policy.name === 'own');
      assert.equal(own, { ...KEEPING, rules, version: 2 });
      world.actAs(world.accountId, ['radiologist']);
      assert.equal(await world.namesOffered(), ['identified', 'deidentified']);
      world.actAs(world.accountId, ['auditor']);
      assert.equal(await world.offered(), []);
      world.actAs(world.accountId, ['technician'], null, randomUUID());
      assert.equal(await world.namesOffered(), ['identified', 'deidentified'], 'another site');
    }));

  test('uploads promised under one version are judged by it, even once superseded or withdrawn', () =>
    inWorld(async (world) => {
      await world.make(KEEPING);
      const instances = await deidentified(['retain-institution-identity']);
      const { uploadId } = await world.init(under(instances, 1));
      await world.send(uploadId, instances);
      await world.replace(STRICT, 1);
      assert.is(await world.withdraw(2), true);
      await world.runAll();
      assert.is((await world.status(uploadId)).state, 'closed');
    }));

  test('with retained UIDs the same original is known under one key, and held under another', () =>
    inWorld(async (world) => {
      const options = ['retain-uids', 'retain-institution-identity'];
      await world.make({ ...KEEPING, options });
      const of = newStudy(1);
      const [first] = await deidentified(options, { of });
      const { uploadId } = await world.init(naming(first!, 1));
      assert.is((await world.sent(uploadId, [first!])).state, 'closed');
      const reasonOf = async (key: number, version: number) => {
        await world.replace({ ...STRICT, options: ['retain-uids'], key }, version - 1);
        const [again] = await deidentified(['retain-uids'], { of, key });
        const { conflict } = await world.init(naming(again!, version));
        return conflict.map(({ reason }) => reason);
      };
      assert.equal(await reasonOf(1, 2), ['already-here-other-policy']);
      assert.equal(await reasonOf(2, 3), ['already-here-other-key']);
    }));

  test('an instance that keeps more than the version allows does not pass', () =>
    inWorld(async (world) => {
      await world.make(KEEPING);
      await world.replace(STRICT, 1);
      const instances = await deidentified(['retain-institution-identity']);
      const { uploadId } = await world.init(under(instances, 2));
      const status = await world.sent(uploadId, instances);
      assert.is(status.state, 'held');
      assert.ok(status.instances?.every(({ reason }) => reason === 'identity-remains'));
    }));

  test('instances waiting on a device when one is changed are held there by name, announced or not, and accepted under the present version', () =>
    inWorld(async (world) => {
      await world.make(KEEPING);
      const instances = await deidentified(['retain-institution-identity']);
      const { uploadId } = await world.init(under(instances, 1));
      await world.replace(STRICT, 1);
      assert.is(await world.codeOf(instances, 1), 'policy-withdrawn');
      const created = await world.create(uploadId, randomUUID(), (await packed(instances)).length);
      const { code } = (await created.json()) as { code: string };
      assert.equal([created.status, code], [409, 'policy-withdrawn']);
      // Chosen again: the device takes its promise back and makes another.
      assert.is((await world.request('DELETE', `/upload/${uploadId}`)).status, 204);
      const again = await deidentified([]);
      const { uploadId: next } = await world.init(under(again, 2));
      assert.is((await world.sent(next, again)).state, 'closed');
    }));

  test('a withdrawn one is offered to nobody and accepts nothing until it is created again', () =>
    inWorld(async (world) => {
      await world.make(KEEPING);
      const instances = await deidentified(['retain-institution-identity']);
      const { uploadId } = await world.init(under(instances, 1));
      assert.equal([await world.withdraw(1), await world.withdraw(1)], [true, false]);
      assert.not.ok((await world.namesOffered()).includes('own'));
      assert.is(await world.codeOf(instances, 1), 'policy-withdrawn');
      assert.is((await world.create(uploadId, randomUUID(), 100)).status, 409);
      await world.replace(KEEPING, 1);
      assert.is(await world.codeOf(instances, 1), 'policy-withdrawn', 'the version is another one');
      assert.is(await world.codeOf(instances, 2), undefined);
    }));

  test('a role that one does not name is refused, also where the account may send under others', () =>
    inWorld(async (world) => {
      await world.make({ ...KEEPING, roles: ['researcher'] });
      assert.is(await world.codeOf(newStudy(), 1), 'policy-not-allowed');
    }));

  test('when two people change one at once, the second is told so, and every version stays', () =>
    inWorld(async (world) => {
      const made = await Promise.all([codeOf(world.make(KEEPING)), codeOf(world.make(STRICT))]);
      assert.equal(made.sort(), ['done', 'policy-exists']);
      const [first] = await versionsOf(world.tools.db, world.siteId, 'own');
      assert.is(first?.version, 1);
      const replaced = await Promise.all([STRICT, KEEPING].map((one) => codeOf(world.replace(one, 1))));
      assert.equal(replaced.sort(), ['done', 'policy-changed']);
      const versions = await listVersions(world.tools.db, world.siteId);
      assert.equal(fieldsOf(versions, 'version'), [2, 1]);
      assert.equal(versions[1]?.document, first?.document);
      for (const wrong of [1, 3]) {
        assert.is(await codeOf(world.replace(STRICT, wrong)), 'policy-changed', String(wrong));
        assert.is(await codeOf(world.withdraw(wrong)), 'policy-changed', String(wrong));
      }
      assert.is(await codeOf(world.replace({ ...STRICT, name: 'another' }, 1)), 'not-found');
    }));

  test('one whose rules this gateway does not know is not offered and accepts nothing, and the others continue', () =>
    inWorld(async (world) => {
      await world.make(KEEPING);
      const document = JSON.stringify({ ...KEEPING, name: 'later', rules: { fromTheFuture: true } });
      const made = { version: 1, made_by: world.accountId, made_at: new Date() };
      const row = { site_id: world.siteId, name: 'later', document, ...made };
      await world.tools.db
        .insertInto('policy')
        .values({ ...row, withdrawn_by: null, withdrawn_at: null })
        .execute();
      assert.equal(await world.namesOffered(), ['identified', 'deidentified', 'own']);
      assert.is(await world.codeOf(newStudy(), 1, 'later'), 'policy-withdrawn');
    }));

  test.run();
}
