import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { manifestSchema } from '#shared/protocol/manifest.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { createMessagePair } from '#shared/transfer/seal.ts';
import { toBase64Url } from '#shared/transfer/base64url.ts';
import { noteVaultEntries } from '../queue/rows/note-vault-entries.ts';
import { endAsTakenBack } from '../queue/rows/end-as-taken-back.ts';
import { rememberRate } from '../queue/rows/device-notes.ts';
import { chosenWords } from './found/chosen-words.ts';
import { peopleOf } from './found/sendable.ts';
import { TaskFault } from './workers/worker-pool.ts';
import { openParcel } from '../../testing/open-queue.ts';
import { DEIDENTIFIED, filesOf, IDENTIFIED, inFolder, openIngest } from '../../testing/open-ingest.ts';
import { valuesOf } from '../../testing/values-of.ts';

test('a folder becomes studies and series; files that are not DICOM are skipped, damaged ones are named', async () => {
  const { store } = await openIngest();
  const study = syntheticStudy({ seed: 1, series: 2, instancesPerSeries: 3 });
  const cut = inFolder(new File([study.instances[0]!.bytes.slice(0, 700)], 'cut.dcm'), 'cd');
  await store.addFiles([...filesOf(study, 'cd'), inFolder(new File(['readme'], 'README.TXT'), 'cd'), cut]);
  assert.is(store.phase.value, 'found');
  const [found] = store.studies.value;
  assert.equal([store.studies.value.length, found?.series.length, found?.instances], [1, 2, 6]);
  assert.is(store.skipped.value, 1);
  assert.equal(valuesOf(store.rejected.value, 'path', 'reason'), [['cd/cut.dcm', 'truncated']]);
  assert.equal(
    [store.progress.value.filesFound, store.progress.value.filesRead, store.progress.value.listing],
    [8, 8, false],
  );
});

test('in a folder too, what may hold a study and is not opened is no file to pass over', async () => {
  const { store } = await openIngest();
  const archive = Uint8Array.of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4);
  const files = { 'old.7z': archive, 'README.TXT': 'Read me first.' };
  await store.addFiles(Object.entries(files).map(([name, bytes]) => inFolder(new File([bytes], name), 'cd')));
  assert.equal(valuesOf(store.rejected.value, 'path', 'reason'), [['cd/old.7z', 'not-dicom-archive']]);
  assert.equal(valuesOf(store.skippedFiles.value, 'path'), ['cd/README.TXT']);
});

test('files of one UID are called copies only where their bytes are the same', async () => {
  const study = syntheticStudy({ seed: 3, instancesPerSeries: 1 });
  const { bytes } = study.instances[0]!;
  const longer = new Uint8Array(
    concatBytes([bytes, new Uint8Array([0xfc, 0xff, 0xfc, 0xff, 0x4f, 0x42, 0, 0, 2, 0, 0, 0, 0, 0])]),
  );
  const warningsOf = async (second: Uint8Array<ArrayBuffer>) => {
    const { store } = await openIngest();
    await store.addFiles([new File([bytes], 'a.dcm'), new File([second], 'b.dcm')]);
    return store.studies.value[0]!.warnings.filter((each) => /duplicates|twice|differs/.test(each));
  };
  assert.equal(await warningsOf(bytes), ['chosen-twice']);
  const other = bytes.slice();
  other[other.length - 1]! ^= 1;
  assert.equal(await warningsOf(other), ['same-uid-differs']);
  assert.equal(await warningsOf(longer), ['same-uid-differs']);
});

test('copies that could not be compared stay called so, until they were', async () => {
  const [file] = filesOf(syntheticStudy({ seed: 3, instancesPerSeries: 1 }));
  const { store, hooks } = await openIngest();
  hooks.beforeTask = async ({ kind }) => {
    if (kind === 'same-bytes') throw new TaskFault('NotReadableError');
  };
  const warnings = () => store.studies.value[0]!.warnings.filter((each) => /duplicates|twice/.test(each));
  await store.addFiles([file!, file!]);
  assert.equal(warnings(), ['duplicates']);
  hooks.beforeTask = async () => undefined;
  await store.addFiles([]);
  assert.equal(warnings(), ['chosen-twice']);
});

test('a file that is chosen three times counts once, and the rest as chosen before', async () => {
  const { store } = await openIngest();
  const files = () => filesOf(syntheticStudy({ seed: 3, series: 2, instancesPerSeries: 4 }));
  await store.addFiles(files());
  const [first] = store.studies.value;
  await store.addFiles(files());
  await store.addFiles(files());
  const [study] = store.studies.value;
  assert.equal([study!.instances, study!.bytes, study!.copies], [8, first!.bytes, 16]);
  assert.equal(valuesOf(study!.series, 'instances'), [4, 4]);
});

test('two patients in one choice are pointed out on both', async () => {
  const { store } = await openIngest();
  await store.addFiles([...filesOf(syntheticStudy({ seed: 1 })), ...filesOf(syntheticStudy({ seed: 2 }))]);
  assert.ok(store.studies.value.every((study) => study.warnings.includes('two-patients')));
  const send = (keepsNames: boolean) =>
    chosenWords.send(2, peopleOf(store, store.studies.value).length, keepsNames);
  assert.is(send(false), 'Send 2 studies of 2 patients');
  assert.is(send(true), 'Send 2 studies of 2 patients with names');
});

test('after Send every instance is safe on the device, the same one only once, and nothing is left to send', async () => {
  const { store, queue, database, announced } = await openIngest();
  const study = syntheticStudy({ seed: 3, series: 2, instancesPerSeries: 4 });
  await store.addFiles([...filesOf(study), filesOf(study)[0]!]);
  assert.ok(store.studies.value[0]?.warnings.includes('chosen-twice'));
  await store.send();
  assert.equal(
    [store.phase.value, store.studies.value.length, store.problem.value, announced()],
    ['idle', 0, null, 2],
  );
  const [pending] = await queue.pending();
  assert.is(pending?.state, 'safe');
  const manifest = await queue.manifestOf(pending!.id);
  assert.is(manifest.deidentification, undefined);
  assert.equal(
    manifest.instances.map(({ sopInstanceUID }) => sopInstanceUID).sort(),
    study.instances.map(({ identifiers }) => identifiers.sopInstanceUID).sort(),
  );
  assert.is(await database.parcels.count(), 2, 'a parcel holds one series');
});

test('under a de-identifying policy the queue holds no identifying value', async () => {
  const { store, queue, keys, database } = await openIngest({ chosen: DEIDENTIFIED });
  const study = syntheticStudy({ seed: 4 });
  // On a fast link nothing is coded: values that are there could be found.
  await rememberRate(database, 'link-rate', 1e9);
  await store.addFiles(filesOf(study));
  await store.send();
  const [pending] = await queue.pending();
  const manifest = await queue.manifestOf(pending!.id);
  assert.is.not(manifest.studyInstanceUID, study.studyInstanceUID);
  assert.ok(manifest.instances.every((instance) => instance.originalDigest !== undefined));
  // All instances share one report.
  assert.equal(
    [manifest.deidentification?.reports.length, manifest.instances.map(({ report }) => report)],
    [1, study.instances.map(() => 0)],
  );
  assert.ok(manifestSchema.safeParse(manifest).success);
  for (const planted of [...study.planted, study.studyInstanceUID])
    assert.not(JSON.stringify(manifest).includes(planted), planted);
  for await (const parcel of queue.parcelsFor(pending!.id, manifest.instances)) {
    const body = Buffer.from(await (await openParcel(parcel, keys)).arrayBuffer()).toString('latin1');
    for (const planted of [...study.planted, study.studyInstanceUID])
      assert.not(body.includes(planted), planted);
  }
});

test('the rules of an administrator’s policy are carried out here', async () => {
  const { identifiers, transferSyntaxUID } = syntheticStudy({ seed: 4, instancesPerSeries: 1 }).instances[0]!;
  const image = { rows: 1, columns: 1, bitsAllocated: 16, pixels: new Uint8Array(2) } as const;
  // Neither in Table E.1-1 nor in PS3.6.
  const bytes = concatBytes(
    buildInstance({ identifiers, transferSyntaxUID, elements: [[0x00187fff, 'LO', 'QzUnknownXq']], image }),
  );
  const own = { ...DEIDENTIFIED, name: 'own', title: 'Our own' };
  for (const rules of [undefined, { unknownAttributes: 'keep' as const }]) {
    const { store, queue, keys, database } = await openIngest({
      chosen: { ...own, version: rules ? 2 : 1, rules },
    });
    await rememberRate(database, 'link-rate', 1e9);
    await store.addFiles([new File([new Uint8Array(bytes)], 'a.dcm')]);
    await store.send();
    const [pending] = await queue.pending();
    const manifest = await queue.manifestOf(pending!.id);
    assert.equal(manifest.policy, { name: 'own', version: rules ? 2 : 1 });
    for await (const parcel of queue.parcelsFor(pending!.id, manifest.instances)) {
      const body = Buffer.from(await (await openParcel(parcel, keys)).arrayBuffer()).toString('latin1');
      assert.is(body.includes('QzUnknownXq'), rules !== undefined);
    }
  }
});

test('a policy that asks why names are kept is asked for at each Send, and nothing is queued without a reason', async () => {
  const asking = { ...IDENTIFIED, name: 'names-with-reason', asksReason: true };
  const { store, queue } = await openIngest({ chosen: asking });
  await store.addFiles(filesOf(syntheticStudy({ seed: 6 })));
  await store.send();
  assert.equal([store.problem.value, (await queue.pending()).length], ['reason-missing', 0]);
  store.giveReason(null);
  assert.is(store.problem.value, null);
  store.giveReason('treatment');
  store.choosePolicy('identified');
  store.choosePolicy(asking.name);
  await store.send();
  assert.is(store.problem.value, 'reason-missing', 'the reason was given for another choice');
  store.giveReason('treatment');
  await store.send();
  const [pending] = await queue.pending();
  assert.equal((await queue.manifestOf(pending!.id)).policy, {
    name: asking.name,
    version: 1,
    reason: 'treatment',
  });
  await store.addFiles(filesOf(syntheticStudy({ seed: 7 })));
  await store.send();
  assert.equal([store.problem.value, (await queue.pending()).length], ['reason-missing', 1]);
});

test('the reason counts that was given when Send was pressed, although its dialog takes it back while it closes', async () => {
  const asking = { ...IDENTIFIED, name: 'names-with-reason', asksReason: true };
  const { store, queue } = await openIngest({ chosen: asking });
  await store.addFiles(filesOf(syntheticStudy({ seed: 8 })));
  store.giveReason('treatment');
  const sending = store.send();
  store.giveReason(null);
  await sending;
  const [pending] = await queue.pending();
  assert.is(store.problem.value, null);
  assert.is((await queue.manifestOf(pending!.id)).policy.reason, 'treatment');
});

test('the policies in force are fetched before anything is sent; if the chosen one is withdrawn, one that removes names replaces it', async () => {
  let asked = 0;
  const hearPolicies = () => {
    asked += 1;
  };
  const { store, policies } = await openIngest({ tools: { hearPolicies } });
  await store.addFiles(filesOf(syntheticStudy({ seed: 6 })));
  assert.is(asked, 1);
  const own = { ...DEIDENTIFIED, name: 'own' };
  const offered = [IDENTIFIED, DEIDENTIFIED];
  policies.value = { ...policies.value!, policies: [...offered, own] };
  store.choosePolicy('own');
  assert.is(store.policy.value?.name, 'own');
  policies.value = { ...policies.value, policies: [...offered, { ...own, version: 2 }] };
  assert.is(store.policy.value?.version, 2);
  policies.value = { ...policies.value, policies: offered };
  assert.is(store.policy.value?.name, 'deidentified', 'not the default, which sends names');
  policies.value = { ...policies.value, policies: [IDENTIFIED] };
  assert.is(store.policy.value?.name, 'identified', 'there is no other');
});

test('a study cancelled while it is copied leaves its row alone, as cancelled', async () => {
  const { store, database, hooks } = await openIngest();
  await store.addFiles(filesOf(syntheticStudy({ seed: 5, series: 3 })));
  let packed = 0;
  hooks.beforeTask = async (task) => {
    if (task.kind !== 'pack') return;
    packed += 1;
    if (packed === 2) store.cancel();
  };
  await store.send();
  const states = (await database.studies.toArray()).map(({ state }) => state);
  assert.equal(
    [states, await database.parcels.count(), await database.records.count()],
    [['taken-back'], 0, 0],
  );
  assert.equal([store.phase.value, store.studies.value.length, store.problem.value], ['found', 1, null]);
});

test('without room on the device nothing is begun and the reason is given', async () => {
  const { store, database } = await openIngest({ room: 1000 });
  await store.addFiles(filesOf(syntheticStudy({ seed: 6 })));
  await store.send();
  assert.equal(
    [store.problem.value, await database.studies.count(), store.studies.value.length],
    ['no-room', 0, 1],
  );
});

test('a patient is sealed for the vault with the study, offline too, and leaves the device with its manifest', async () => {
  const { store, queue, database, policies } = await openIngest({ chosen: DEIDENTIFIED });
  const pairs = [await createMessagePair(), await createMessagePair()];
  const vault = {
    id: '5c0d0a3e-2f0e-4ac6-9d57-0a3c2f6b1a11',
    keys: pairs.map(({ publicKey }) => toBase64Url(publicKey)),
  };
  policies.value = { ...policies.value!, vault };
  const study = syntheticStudy({ seed: 12, series: 2, instancesPerSeries: 3 });
  await store.addFiles(filesOf(study));
  await store.send();
  const [pending] = await queue.pending();
  const manifest = manifestSchema.parse(await queue.manifestOf(pending!.id));
  assert.equal(
    manifest.vault?.map((entry) => entry.vault),
    [vault.id],
    'one entry for one patient',
  );
  const kept = JSON.stringify(await database.studies.toArray());
  for (const planted of study.planted) assert.not(kept.includes(planted), planted);
  await endAsTakenBack(database, (await database.studies.get(pending!.id))!, 1);
  const left = async () => (await database.studies.get(pending!.id))?.vault;
  assert.is(await left(), undefined, 'gone with the study');
  await noteVaultEntries(database, pending!.id, manifest.vault!);
  assert.is(await left(), undefined, 'a worker that ends late brings nothing back');
});

test("without the gateway's key nothing is queued, and the reason is given; with it the device may be offline", async () => {
  const { store, database, policies, keys } = await openIngest();
  await store.addFiles(filesOf(syntheticStudy({ seed: 9 })));
  policies.value = { ...policies.value!, sealingKey: null };
  await store.send();
  assert.equal([store.problem.value, await database.studies.count()], ['seal-key-unknown', 0]);
  policies.value = { ...policies.value!, sealingKey: keys.sealingKey };
  await store.send();
  assert.equal([store.problem.value, await database.studies.count()], [null, 1]);
});

test('before Send is pressed the page shows the space needed and the free space', async () => {
  const { store } = await openIngest({ room: 5_000_000 });
  const first = syntheticStudy({ seed: 10 });
  const second = syntheticStudy({ seed: 11, instancesPerSeries: 6 });
  const told: (number | null)[] = [];
  store.forecast.subscribe((forecast) => void told.push(forecast?.needs ?? null));
  await store.addFiles([...filesOf(first), ...filesOf(second)]);
  const bytes = (study: typeof first) =>
    study.instances.reduce((sum, instance) => sum + instance.bytes.length, 0);
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  await settled();
  const both = store.forecast.value!;
  assert.ok(both.needs >= bytes(first) + bytes(second) && both.room === 5_000_000, `${both.needs}`);
  store.toggle(second.studyInstanceUID);
  await settled();
  assert.ok(store.forecast.value!.needs < both.needs && store.forecast.value!.needs >= bytes(first));
  store.toggle(first.studyInstanceUID);
  await settled();
  assert.is(store.forecast.value, null);
});

test('the browser is asked at Send not to clear the queue, and its answer is known', async () => {
  let asked = 0;
  const persist = async () => {
    asked += 1;
    return true;
  };
  const { store } = await openIngest({ tools: { persist, isPersisted: async () => false } });
  await store.addFiles(filesOf(syntheticStudy({ seed: 12 })));
  assert.equal([store.persisted.value, asked], [false, 0]);
  await store.send();
  assert.equal([store.persisted.value, asked], [true, 1]);
});

test('a double press on Send queues what was chosen once, however long the device takes to count its room', async () => {
  const counted = Promise.withResolvers<void>();
  const room = async () => {
    await counted.promise;
    return null;
  };
  const { store, queue } = await openIngest({ tools: { room } });
  await store.addFiles(filesOf(syntheticStudy({ seed: 21, rows: 16, columns: 16 })));
  const pressed = [store.send(), store.send()];
  counted.resolve();
  await Promise.all(pressed);
  assert.is((await queue.pending()).length, 1);
});

test.run();
