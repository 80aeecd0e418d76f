/** PACSs that report on storage commitment at the gateway's DIMSE port, and callers who only pretend to. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultSiteId } from '../../database/default-site.ts';
import { insertDestination } from '../../destinations/destination.store.ts';
import { AssociationFailed } from '../../dimse/association-failed.ts';
import { withAssociation, type Association, type Wanted } from '../../dimse/association.ts';
import { COMMAND, MESSAGE_ID, SOP_CLASS, SOP_INSTANCE, STATUS, SUCCESS } from '../../dimse/command-fields.ts';
import { encodeSequence } from '../../dimse/data-set.ts';
import { encodeElements, numberIn } from '../../dimse/elements.ts';
import { echo, once, VERIFICATION } from '../../dimse/messages.ts';
import { noteQuestion, questionsOf } from '../../pipeline/stores/commitment.store.ts';
import { COMMITMENT_PUSH } from '../../ports/pacs/dimse-commitment.ts';
import { answerContexts } from './answer-contexts.ts';
import { findReporter } from './find-reporter.ts';
import { makeTestPeer, openListeningGateway, type ListeningGateway } from '../../testing/open-dimse-peer.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';

const test = suite('a report on storage commitment');
const { signal } = new AbortController();
let gateway: ListeningGateway;

/** AE titles of PACSs. */
const DESTINATIONS = {
  ARCHIVE: { host: '127.0.0.1' },
  NAMED: { host: 'localhost' },
  OTHER: { host: '127.0.0.1' },
  ELSEWHERE: { host: '192.0.2.7' },
  UNASKED: { host: '127.0.0.1', commitment: false },
  BEHIND: { host: '192.0.2.8' },
} as const;
const ids = new Map<string, string>();

test.before(async () => {
  gateway = await openListeningGateway({ pacs: openTestPacs() });
  const { db } = gateway.database;
  const siteId = await defaultSiteId(db);
  for (const [aeTitle, of] of Object.entries(DESTINATIONS)) {
    const id = randomUUID();
    ids.set(aeTitle, id);
    const { host, commitment = true }: { host: string; commitment?: boolean } = of;
    await db.transaction().execute((trx) =>
      insertDestination(trx, siteId, {
        ...{ id, kind: 'dimse', name: aeTitle.toLowerCase(), sealed: null, now: gateway.now() },
        url: `dimse://CALLER@${host}:104/${aeTitle}`,
        settings: { authentication: { kind: 'none' }, ca: null, certificate: null, commitment },
      }),
    );
  }
  const { id: accountId } = (await gateway.userWith(['technician'])).user;
  await makeTestPeer(gateway, { aeTitle: 'CT', accountId });
  await makeTestPeer(gateway, { aeTitle: 'BEHIND', accountId });
});
test.after(() => gateway.close());

let transactions = 0;
/** A study that went to this destination, which was asked about two of its instances. */
async function asked(aeTitle: keyof typeof DESTINATIONS) {
  transactions += 1;
  const { db } = gateway.database;
  const { id: studyId } = await db
    .insertInto('study')
    .values({
      ...{ site_id: await defaultSiteId(db), study_instance_uid: `1.2.3.${transactions}` },
      ...{
        destination_id: ids.get(aeTitle)!,
        updated_at: gateway.now(),
        account_id: null,
        wrapped_key: null,
      },
      ...{ state: 'forwarded', revision: 1, policy_name: 'identified', policy_version: 1 },
      ...{ waiting_because: null, waiting_since: null },
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const transactionUID = `2.25.77${transactions}`;
  await noteQuestion(db, studyId, { transactionUID, instances: { '1.2.1': 'then', '1.2.2': 'then' } });
  const report = async () => {
    const known = (await questionsOf(db, studyId))[0]!.report;
    return known && { committed: [...known.committed], failed: [...known.failed] };
  };
  return { transactionUID, report };
}

const named = (uid: string) => [[0x00081155, uid]] as const;
const transaction = (uid: string): Buffer => encodeElements([[0x00081195, uid]]);
const keeping = (uid: string, ...kept: readonly string[]): Buffer =>
  Buffer.concat([transaction(uid), encodeSequence(0x00081199, kept.map(named))]);
const CONTEXT: Wanted = { abstractSyntax: COMMITMENT_PUSH, transferSyntaxes: ['1.2.840.10008.1.2'] };

type Calling = { readonly called?: string; readonly contexts?: readonly Wanted[]; readonly roles?: boolean };

function calling<T>(
  callingAE: string,
  { called = 'RELAYPACS', contexts = [CONTEXT], roles = true }: Calling,
  work: (association: Association) => Promise<T>,
): Promise<T> {
  const peer = { host: '127.0.0.1', port: gateway.port, tls: null, calledAE: called, callingAE };
  return withAssociation(peer, { contexts, takes: roles ? [COMMITMENT_PUSH] : [] }, signal, work);
}

/** The status of the answer to N-EVENT-REPORT. */
async function tell(association: Association, information: Buffer, eventType = 1): Promise<number | null> {
  const command = [
    [SOP_CLASS, COMMITMENT_PUSH],
    [COMMAND, 0x0100],
    [MESSAGE_ID, association.nextMessageId()],
    [0x800, 1],
    [SOP_INSTANCE, '1.2.840.10008.1.20.1.1'],
    [0x1002, eventType],
  ] as const;
  await association.send(association.contextOf(COMMITMENT_PUSH)!.id, command, once(information));
  const answer = await association.receive();
  assert.is(numberIn(answer.command, COMMAND), 0x8100);
  return numberIn(answer.command, STATUS);
}

/** The way in which the association was refused or ended. */
async function endOf(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof AssociationFailed)) throw assert.unreachable(`it does not fail: ${String(error)}`);
  return error.connection;
}
const resultOf = (callingAE: string, wish: Calling, abstractSyntax = COMMITMENT_PUSH) =>
  calling(callingAE, wish, async (association) => association.contextOf(abstractSyntax)?.result);

test('of a PACS that was asked counts, once, and of the instances that it was asked about', async () => {
  for (const [aeTitle, called] of [
    ['ARCHIVE', 'RELAYPACS'],
    ['NAMED', 'CALLER'],
    ['BEHIND', 'RELAYPACS'],
  ] as const) {
    const { transactionUID, report } = await asked(aeTitle);
    const failed = encodeSequence(0x00081198, [[...named('1.2.2'), [0x00081197, 0x0112]]]);
    const statuses = await calling(aeTitle, { called }, async (association) => [
      await tell(association, Buffer.concat([keeping(transactionUID, '1.2.1', '1.2.9'), failed]), 2),
      await tell(association, keeping(transactionUID, '1.2.1', '1.2.2')),
    ]);
    assert.equal(statuses, [SUCCESS, SUCCESS], aeTitle);
    assert.equal(await report(), { committed: ['1.2.1'], failed: [['1.2.2', 0x0112]] }, aeTitle);
  }
});

test('on what another PACS was asked, or nobody, is answered with a failure and changes nothing', async () => {
  const others = await asked('OTHER');
  const own = await asked('ARCHIVE');
  const statuses = await calling('ARCHIVE', {}, async (association) => [
    await tell(association, keeping(others.transactionUID, '1.2.1', '1.2.2')),
    await tell(association, keeping('2.25.4711', '1.2.1')),
    await tell(association, keeping(own.transactionUID, '1.2.1'), 3),
  ]);
  assert.equal(statuses, [0x0115, 0x0115, 0x0113]);
  assert.is(await others.report(), null);
  assert.is(await own.report(), null);
});

test('is taken from nobody but the PACS, and its association stores nothing', async () => {
  const UNKNOWN = 'dimse-unknown-calling-ae';
  assert.is(await endOf(resultOf('ELSEWHERE', {})), UNKNOWN, 'another address');
  assert.is(await endOf(resultOf('UNASKED', {})), UNKNOWN, 'a destination that is not asked');
  assert.is(await endOf(resultOf('NOBODY', {})), UNKNOWN);
  assert.is(await endOf(resultOf('ARCHIVE', { called: 'SOMEBODY' })), 'dimse-unknown-called-ae');
  assert.is(await resultOf('CT', {}), 3, 'a modality');
  const explicit = { ...CONTEXT, transferSyntaxes: ['1.2.840.10008.1.2.1'] };
  assert.is(await resultOf('ARCHIVE', { contexts: [explicit] }), 4);
  const ct = { ...CONTEXT, abstractSyntax: '1.2.840.10008.5.1.4.1.1.2' };
  assert.is(await resultOf('ARCHIVE', { contexts: [ct] }, ct.abstractSyntax), 3);
  assert.is(await resultOf('BEHIND', { contexts: [ct] }, ct.abstractSyntax), 0, 'a peer too');
});

test('comes from any address of the host, and from none where its name cannot be looked up', async () => {
  const { db } = gateway.database;
  const tools = { db, siteId: await defaultSiteId(db), aeTitle: 'RELAYPACS' };
  const from = async (address: string, ...known: readonly string[]) => {
    const asking = { ...tools, addressesOf: async () => known };
    const found = await findReporter(asking, { callingAE: 'NAMED', calledAE: 'RELAYPACS' }, address);
    return found.kind === 'reporter' ? [...found.destinations] : found.because;
  };
  assert.equal(await from('192.0.2.2', '192.0.2.1', '192.0.2.2'), [ids.get('NAMED')]);
  assert.equal(await from('2001:db8::1', '2001:db8:0::0:1'), [ids.get('NAMED')]);
  assert.is(await from('192.0.2.3', '192.0.2.1'), 'address');
  assert.is(await from('192.0.2.3'), 'address');
});

test('comes with the role of a provider, or with none', async () => {
  assert.is(await resultOf('ARCHIVE', { roles: false }), 0);
  const { transferSyntaxes } = CONTEXT;
  const contexts = [{ id: 1, abstractSyntax: COMMITMENT_PUSH, transferSyntaxes }];
  const answered = (...roles: readonly (readonly [string, boolean])[]) => {
    const { contexts: said, provided } = answerContexts(
      { contexts, provides: new Map(roles) },
      { peer: null, reportsOn: new Set(['one']) },
    );
    return [said[0]?.result, provided];
  };
  assert.equal(answered([COMMITMENT_PUSH, true]), [0, [COMMITMENT_PUSH]]);
  assert.equal(answered(), [0, []]);
  assert.equal(answered([COMMITMENT_PUSH, false]), [3, []], 'it would ask for commitment');
});

test('that is malformed, too long or another message ends the association, and the next one is heard', async () => {
  const { transactionUID, report } = await asked('ARCHIVE');
  const broken = [
    encodeElements(named('1.2.1')),
    transaction('no UID'),
    Buffer.concat([transaction(transactionUID), Buffer.from('08009911ffffffff', 'hex')]),
    Buffer.concat([transaction(transactionUID), Buffer.from('08009911ffffff00', 'hex')]),
    Buffer.concat([transaction(transactionUID), encodeSequence(0x00081199, []), Buffer.alloc(1024 * 1024)]),
  ];
  for (const [at, information] of broken.entries())
    await endOf(calling('ARCHIVE', {}, (association) => tell(association, information))).catch(
      (error: unknown) => assert.unreachable(`${at}: ${String(error)}`),
    );
  const other = calling('ARCHIVE', {}, async (association) => {
    await association.send(association.contextOf(COMMITMENT_PUSH)!.id, [
      [COMMAND, 0x0030],
      [MESSAGE_ID, 1],
      [0x800, 0x0101],
    ]);
    await association.receive();
  });
  assert.is(await endOf(other), 'aborted');
  assert.is(await report(), null);
  const contexts = [CONTEXT, { ...CONTEXT, abstractSyntax: VERIFICATION }];
  const statuses = await calling('ARCHIVE', { contexts }, async (association) => [
    await echo(association, association.contextOf(VERIFICATION)!),
    await tell(association, keeping(transactionUID, '1.2.1\u00001', '__proto__', '1.2.2')),
  ]);
  assert.equal(statuses, [SUCCESS, SUCCESS]);
  assert.equal(await report(), { committed: ['1.2.2'], failed: [] });
});

test.run();
