/** The meaning of a request's answers for each of its instances, before a PACS that answers as told. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DigestMismatch, InstanceUnreadable, type Pacs, type StoreAnswer } from '../../ports/pacs/pacs.ts';
import { forwardBatch, type ForwardedInstance, type Posted } from './forward-batch.ts';

const test = suite('a request to the PACS');
const { signal } = new AbortController();
type Outcome = StoreAnswer['outcome'];

const instance = (id: number): Posted => ({
  id,
  sopInstanceUID: `1.${id}`,
  seriesInstanceUID: '1.2',
  sopClassUID: '1.2',
  transferSyntaxUID: '1.2.1',
  digest: '00',
  bytes: 1,
  open: async function* () {},
});

/** `stores`: the outcomes of each request. `there`: what a search finds. `other`: what the second way says. */
function openPacs(
  stores: (Outcome[] | Error)[],
  there: readonly string[] = [],
  other: Outcome | null = null,
) {
  const answerOf = (sopInstanceUID: string, outcome: Outcome): StoreAnswer => ({
    sopInstanceUID,
    outcome,
    pacsCode: outcome === 'refused' ? 0x0111 : null,
  });
  return {
    storeAnotherWay:
      other === null
        ? null
        : async ({ sopInstanceUID }: { sopInstanceUID: string }) => answerOf(sopInstanceUID, other),
    async storeInstances(_study: string, sent: readonly Posted[]) {
      const next = stores.shift()!;
      if (next instanceof Error) throw next;
      return sent.map(({ sopInstanceUID }, at) => answerOf(sopInstanceUID, next[at]!));
    },
    findInstances: async (uids: readonly string[]) =>
      uids.filter((uid) => there.includes(uid)).map((sopInstanceUID) => ({ sopInstanceUID })),
  } as unknown as Pacs;
}

const offer = (ids: readonly number[], pacs: Pacs) => forwardBatch('1', ids.map(instance), { pacs }, signal);
const said = ({ kind, wasSilent = false, wasPassedOver = false }: ForwardedInstance) =>
  [kind, wasSilent && 'silent', wasPassedOver && 'passed over'].filter(Boolean).join(', ');

test('that was not answered, and then each was refused alone: the PACS may have them from before', async () => {
  const pacs = openPacs([['unanswered', 'unanswered'], ['refused'], ['refused']]);
  assert.equal((await offer([1, 2], pacs)).map(said), ['refused, silent', 'refused, silent']);
});

test('of which the answer leaves one out that it then declines: passed over, if it took a later one', async () => {
  const middle = openPacs([['stored', 'omitted', 'omitted'], ['declined']], ['1.3']);
  assert.equal((await offer([1, 2, 3], middle)).map(said), ['posted', 'declined, passed over', 'posted']);
  const last = openPacs([['stored', 'stored', 'omitted'], ['declined']]);
  assert.equal((await offer([1, 2, 3], last)).map(said), ['posted', 'posted', 'declined']);
});

test('that broke off at a spoiled instance: it is damaged, whatever a search finds under its UID', async () => {
  const spoiled = new InstanceUnreadable('1.2', new DigestMismatch('other bytes'));
  const pacs = openPacs([spoiled, ['stored']], ['1.2']);
  assert.equal((await offer([1, 2], pacs)).map(said), ['posted, silent', 'damaged']);
});

test('of one that is declined: the second way refuses it, declines it too, or says nothing of it', async () => {
  const told = async (other: Outcome | null) =>
    said((await offer([1], openPacs([['declined']], [], other)))[0]!);
  assert.equal(
    [await told(null), await told('refused'), await told('declined'), await told('unanswered')],
    ['declined', 'refused', 'declined', 'later'],
  );
});

test.run();
