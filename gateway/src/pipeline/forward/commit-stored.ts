/**
 * Storage commitment of posted instances, where their destination wants it: an instance is done only when the PACS
 * reports that it keeps it. Commitment is asked before any proof is made, and does not replace the proof.
 */
import { randomBytes } from 'node:crypto';
import {
  forgetAnswers,
  noteQuestion,
  noteReport,
  questionsOf,
  type Commitment,
} from '../stores/commitment.store.ts';
import type { InstanceRow } from '../stores/instance.store.ts';
import type { StudyTools } from '../plan/pipeline-tools.ts';
import type { StudyRow } from '../stores/study.store.ts';
import { countedMinutes } from '../stores/tally.store.ts';

/**
 *   committed   the PACS keeps it
 *   pending     the PACS has not reported, and still has time
 *   absent      the PACS says that it does not have it
 *   unkept      the PACS gives another reason, does not name it in its report, or did not report in time
 */
type Committed = 'committed' | 'pending' | 'absent' | 'unkept';

type Tools = Pick<StudyTools, 'db' | 'pacs'>;

/** PS3.4 Table J.3.3-1: No such object instance. */
const NO_SUCH_INSTANCE = 0x0112;
/** Instances in one request. The Data Set then has some 100 kB; some PACS refuse one of twice the size. */
const ASKED_AT_ONCE = 1_000;
/**
 * Minutes while the gateway runs. A PACS that writes to its archive first needs some time, and nobody should wait
 * overnight.
 */
const REPORT_MINUTES = 15;

/** PS3.5 §B.2. The UID is random, so only a PACS that was asked can report on it. */
const newTransaction = (): string => `2.25.${BigInt(`0x${randomBytes(16).toString('hex')}`)}`;
const postedAt = ({ posted_at }: InstanceRow): string => posted_at?.toISOString() ?? '';

/**
 * Keyed by the rows' ids. Null: the destination does not want storage commitment. Each failure is returned once; the
 * next call asks the PACS again. Throws PacsUnreachable.
 */
export async function commitStored(
  study: StudyRow,
  rows: readonly InstanceRow[],
  tools: Tools,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Committed> | null> {
  if (tools.pacs.askCommitment === undefined) return null;
  const minutes = await countedMinutes(tools.db);
  const known = await knownOf(study, rows, tools, signal);
  const toAsk = rows.filter((row) => questionAbout(row, known) === undefined);
  for (let at = 0; at < toAsk.length; at += ASKED_AT_ONCE)
    await ask(study, toAsk.slice(at, at + ASKED_AT_ONCE), tools, signal);
  const answered = toAsk.length === 0 ? known : await questionsOf(tools.db, study.id);
  const verdicts = new Map(rows.map((row) => [row.id, verdictOn(row, answered, minutes)]));
  const used = rows.filter(({ id }) => !['committed', 'pending'].includes(verdicts.get(id)!));
  await forgetAnswers(
    tools.db,
    study.id,
    used.map((row) => row.sop_instance_uid),
  );
  return verdicts;
}

/** The study's requests, after polling the PACS for reports that it does not send unasked. */
async function knownOf(
  { id: studyId }: StudyRow,
  rows: readonly InstanceRow[],
  { db, pacs }: Tools,
  signal: AbortSignal,
): Promise<readonly Commitment[]> {
  const known = await questionsOf(db, studyId);
  const waiting = new Set(rows.map((row) => questionAbout(row, known)).filter((one) => one?.report === null));
  if (pacs.checkCommitment === undefined || waiting.size === 0) return known;
  for (const question of waiting) {
    const report = await pacs.checkCommitment(question!.transactionUID, signal);
    if (report !== null) await noteReport(db, report);
  }
  return questionsOf(db, studyId);
}

/** A request from before the instance was posted again says nothing about it. */
const questionAbout = (row: InstanceRow, questions: readonly Commitment[]): Commitment | undefined =>
  questions.find(({ instances }) => instances[row.sop_instance_uid] === postedAt(row));

async function ask(
  { id: studyId }: StudyRow,
  rows: readonly InstanceRow[],
  { db, pacs }: Tools,
  signal: AbortSignal,
): Promise<void> {
  const transactionUID = newTransaction();
  const instances = Object.fromEntries(rows.map((row) => [row.sop_instance_uid, postedAt(row)]));
  await noteQuestion(db, studyId, { transactionUID, instances });
  const asked = rows.map((row) => ({
    sopClassUID: row.sop_class_uid,
    sopInstanceUID: row.sop_instance_uid,
  }));
  const report = await pacs.askCommitment?.({ transactionUID, instances: asked }, signal).catch(
    // A request that may never have reached the PACS is forgotten, so that nothing waits for its report.
    async (error: unknown) => {
      await forgetAnswers(db, studyId, Object.keys(instances));
      throw error;
    },
  );
  if (report != null) await noteReport(db, report);
}

function verdictOn(row: InstanceRow, questions: readonly Commitment[], minutes: number): Committed {
  const question = questionAbout(row, questions);
  if (question === undefined) return 'pending';
  const { report, askedMinute } = question;
  if (report === null) return minutes - askedMinute > REPORT_MINUTES ? 'unkept' : 'pending';
  if (report.committed.has(row.sop_instance_uid)) return 'committed';
  return report.failed.get(row.sop_instance_uid) === NO_SUCH_INSTANCE ? 'absent' : 'unkept';
}
