/**
 * What the models of the three state machines must notice: each a line of the product that says something
 * else, and the model that has to fail for it (mutants.test.ts). A line that is no longer there fails the
 * test, so this list cannot grow old in silence.
 */
import type { Mutation } from '../../../shared/testing/mutated-copy.ts';

export type Mutant = Mutation & { readonly model: string };

const upload = (file: string): string => `client/src/pipeline/upload/${file}`;
const queue = (file: string): string => `client/src/pipeline/queue/${file}`;
const pipeline = (file: string): string => `gateway/src/pipeline/${file}`;

const UPLOADER: readonly Mutation[] = [
  {
    what: 'an early completion is believed, whatever is sent again',
    file: upload('carry-study.ts'),
    from: 'early.answer = areLast ? (early.answer ?? complete(id, uploadId, signal).catch(() => null)) : null;',
    to: 'if (areLast) early.answer ??= complete(id, uploadId, signal).catch(() => null);',
  },
  {
    what: 'an early completion is believed though it misses some',
    file: upload('carry-study.ts'),
    from: "if ((await early.answer)?.length === 0) return 'complete';",
    to: "if ((await early.answer) !== null) return 'complete';",
  },
  {
    what: 'what the last completion misses is not looked at',
    file: upload('carry-study.ts'),
    from: "return (await complete(id, uploadId, signal)).length === 0 ? 'complete' : 'missing';",
    to: "await complete(id, uploadId, signal);\n    return 'complete';",
  },
  {
    what: 'completion is never asked for again',
    file: upload('carry-study.ts'),
    from: "} else if (event.state === 'receiving' && clock.now() - completedAt > COMPLETE_AGAIN_MS) {",
    to: '} else if (completedAt === Number.POSITIVE_INFINITY) {',
  },
  {
    what: 'a receipt of an unknown upload gives the study up',
    file: upload('carry-study.ts'),
    from: '.then((text) => text.trim(), unlessGone), signal);',
    to: '.then((text): string | null => text.trim()), signal);',
  },
  {
    what: "the gateway's new key is never asked for",
    file: upload('carry-study.ts'),
    from: "if (check.kind === 'fault') keys = null;",
    to: "if (check.kind === 'fault') void keys;",
  },
  {
    what: 'a receipt of another study counts',
    file: upload('accept-receipt.ts'),
    from: "if (receipt.studyInstanceUID !== ours.studyInstanceUID) return fault('other-study');",
    to: 'void ours.studyInstanceUID;',
  },
  {
    what: 'a receipt that is silent about one counts',
    file: upload('accept-receipt.ts'),
    from: "return ours.instances.every((instance) => named.has(keyOf(instance))) ? check : fault('instance-missing');",
    to: 'void named;\n  return check;',
  },
  {
    what: 'what is said of one upload is said of all',
    file: upload('follow-events.ts'),
    from: 'for (const listener of listeners.get(uploadId) ?? []) listener(event);',
    to: 'void uploadId;\n    for (const all of listeners.values()) for (const listener of all) listener(event);',
  },
  {
    what: 'a page of HTML is read as an event stream',
    file: upload('follow-events.ts'),
    from: "const isStream = response.ok && (response.headers.get('content-type') ?? '').startsWith('text/event-stream');",
    to: 'const isStream = response.ok;',
  },
  {
    what: 'the back-off has no cap',
    file: upload('clock.ts'),
    from: 'Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** turn)',
    to: 'Math.max(LONGEST_WAIT_MS * 0, FIRST_WAIT_MS * 2 ** turn)',
  },
  {
    what: 'Retry-After is forgotten',
    file: upload('clock.ts'),
    from: 'const asked = Math.min(RETRY_AFTER_MOST_MS, retryAfterMs ?? 0);',
    to: 'const asked = Math.min(RETRY_AFTER_MOST_MS, 0 * (retryAfterMs ?? 0));',
  },
  {
    what: 'the checksum is that of something else',
    file: upload('tus-client.ts'),
    from: "crypto.subtle.digest('SHA-256', piece)",
    to: "crypto.subtle.digest('SHA-256', piece.slice(1))",
  },
  {
    what: 'after HEAD a parcel begins anew',
    file: upload('tus-client.ts'),
    from: '      offset = answer.offset;\n',
    to: '      offset = offset === null ? 0 : answer.offset;\n',
  },
  {
    what: 'a creation without an answer is sent again whole',
    file: upload('tus-client.ts'),
    from: '      isUnsure = true;\n',
    to: '      isUnsure = false;\n',
  },
  {
    what: 'after a failure the offset is guessed',
    file: upload('tus-client.ts'),
    from: '    offset = null;\n  }\n}',
    to: '    void offset;\n  }\n}',
  },
  {
    what: 'whoever says "stored" and stores nothing is asked as fast as it answers',
    file: upload('tus-client.ts'),
    from: 'if (isStuck) await pause(null);',
    to: 'void isStuck;',
  },
  {
    what: 'a locked parcel is a refusal',
    file: upload('tus-answers.ts'),
    from: "{ status: 423, step: 'wait'",
    to: "{ status: 423, step: 'refused'",
  },
  {
    what: 'an expired upload is a refusal',
    file: upload('tus-answers.ts'),
    from: "{ status: 410, from: OURS, step: 'create-anew'",
    to: "{ status: 410, from: OURS, step: 'refused'",
  },
  {
    what: 'a lost key is a refusal',
    file: upload('tus-answers.ts'),
    from: "{ status: 409, code: 'seal-key-unknown', step: 'copy-unreadable'",
    to: "{ status: 409, code: 'seal-key-unknown', step: 'refused'",
  },
  {
    what: 'what is paused or taken back goes on',
    file: upload('uploader.ts'),
    from: '    if (wanted.has(id)) continue;\n',
    to: '    if (wanted.size >= 0) continue;\n',
  },
];

const DEVICE: readonly Mutation[] = [
  {
    what: 'what was taken back leaves its copy',
    file: queue('drop-study.ts'),
    from: "    await deleteContents(database, study.id);\n    await database.studies.update(study.id, {\n      state: 'taken-back'",
    to: "    await database.studies.update(study.id, {\n      state: 'taken-back'",
  },
  {
    what: 'a title stays at completion',
    file: queue('instance-queue.ts'),
    from: 'packing: false, title: null, completedAt: at }',
    to: 'packing: false, completedAt: at }',
  },
  {
    what: 'reports stay at completion',
    file: queue('instance-queue.ts'),
    from: "if (outcome.state === 'done') await deleteReports(database, id);",
    to: 'void deleteReports;',
  },
  {
    what: 'reports of other studies go too',
    file: queue('drop-study.ts'),
    from: "await database.reports.where('studyId').equals(studyId).delete();",
    to: 'await database.reports.clear();',
  },
  {
    what: 'copies are deleted whatever the receipt says',
    file: queue('instance-queue.ts'),
    from: "if (state === 'safe' || state === 'sent') return false;",
    to: "if (state === 'quarantined' || state === 'refused') return true;",
  },
  {
    what: 'a study is safe though a parcel is missing',
    file: queue('store-parcel.ts'),
    from: '    await database.records.bulkPut(records);\n    await database.parcels.add',
    to: '    await database.parcels.add',
  },
  {
    what: 'a page that died leaves its study as it was',
    file: queue('drop-study.ts'),
    from: '    else await interruptStudy(database, study.id);\n',
    to: '    else void interruptStudy;\n',
  },
  {
    what: 'what is interrupted keeps its copies',
    file: queue('drop-study.ts'),
    from: '    await deleteParcels(database, studyId);\n    await database.studies.update(studyId, {\n      waiting',
    to: "    await database.instances.where('studyId').equals(studyId).delete();\n    await database.studies.update(studyId, {\n      waiting",
  },
  {
    what: 'a dropped study leaves its contents',
    file: queue('drop-study.ts'),
    from: '    await database.studies.delete(studyId);\n    await deleteContents(database, studyId);',
    to: '    await database.studies.delete(studyId);',
  },
  {
    what: 'withdrawn instances are still counted',
    file: queue('name-study.ts'),
    from: 'instances: study.instances - rows.length, bytes',
    to: 'instances: study.instances - rows.length * 0, bytes',
  },
  {
    what: 'what the browser took is not named',
    file: queue('waiting-record.ts'),
    from: 'const gone = isOther ?',
    to: 'const gone = isOther && kept.origin === null ?',
  },
  {
    what: 'what is sent first goes last',
    file: queue('sending-order.ts'),
    from: '  return a - b;\n',
    to: '  return b - a;\n',
  },
  {
    what: "a late receipt undoes a person's word",
    file: queue('instance-queue.ts'),
    from: "if (row.state === 'left-out' && said && !isInPacs(said.state)) return row;",
    to: 'void isInPacs;',
  },
  {
    what: 'reasons are not counted anew',
    file: queue('instance-rows.ts'),
    from: 'await database.studies.update(studyId, { reasons: countReasons(await instancesOf(database, studyId)) });',
    to: 'void database; void countReasons;',
  },
];

const GATEWAY: readonly Mutation[] = [
  {
    what: 'what another study took over is verified all the same',
    file: pipeline('verify/run-verify.ts'),
    from: "['promised'], tools.now(), parcel.study_id);",
    to: "['promised'], tools.now());",
  },
  {
    what: 'a study that lost its instances waits for them',
    file: pipeline('intake/open-upload.ts'),
    from: "    await enqueueStage(trx, tools, 'assembly', { studyId });\n  }\n  return left;",
    to: '  }\n  return left;',
  },
  {
    what: 'a parcel is made for a study that is closed',
    file: pipeline('intake/create-parcel.ts'),
    from: 'if (study === undefined || study.wrapped_key === null) throw',
    to: 'if (study === undefined) throw',
  },
  {
    what: 'orphans are posted again',
    file: pipeline('forward/run-forward.ts'),
    from: "state: found.has(sop_instance_uid) ? 'posted' : 'received'",
    to: "state: found.size < 0 ? 'posted' : 'received'",
  },
  {
    what: 'what comes after the look is posted without one',
    file: pipeline('forward/run-forward.ts'),
    from: 'filter((row) => row.posted_at !== null || looked.has(row.id));',
    to: 'filter((row) => row.posted_at !== null || looked.size >= 0);',
  },
  {
    what: 'the PACS is taken at its word',
    file: pipeline('forward/reconcile-study.ts'),
    from: 'if (held.has(sop_instance_uid)) return',
    to: 'if (held.size >= 0) return',
  },
  {
    what: 'a receipt is issued for a study that has moved on',
    file: pipeline('receipt/run-receipt.ts'),
    from: 'if (locked === undefined || locked.revision !== study.revision || locked.state !== study.state) return',
    to: 'if (locked === undefined) return',
  },
  {
    what: 'the key is destroyed while instances are held',
    file: pipeline('eviction/run-eviction.ts'),
    from: '    if (!plan.held) {\n',
    to: '    if (plan) {\n',
  },
  {
    what: 'the key is never destroyed',
    file: pipeline('eviction/run-eviction.ts'),
    from: '  if (destroyed !== null) tools.keys.destroy(destroyed);\n',
    to: '  void destroyed;\n',
  },
  {
    what: 'parcels stay at completion',
    file: pipeline('eviction/run-eviction.ts'),
    from: '  await removeParcelBlobs(tools.blobs, removed);\n',
    to: '  void [removeParcelBlobs, removed];\n',
  },
  {
    what: 'verify runs and says nothing of the next stage',
    file: pipeline('verify/run-verify.ts'),
    from: '    await assembleIfComplete(trx, parcel.study_id, tools);\n',
    to: '    void assembleIfComplete;\n',
  },
  {
    what: 'a revision does not grow',
    file: pipeline('study.store.ts'),
    from: 'const revision = again ? study.revision + 1 : study.revision;',
    to: 'const revision = again ? study.revision : study.revision;',
  },
  {
    what: 'changes do not ask where an instance stands',
    file: pipeline('instance.store.ts'),
    from: 'and i.state in (${sql.join(from)}) and',
    to: 'and (i.state in (${sql.join(from)}) or true) and',
  },
  {
    what: 'a conflict is retried away',
    file: pipeline('intake/decide.ts'),
    from: '    if (taken.has(row.sop_instance_uid)) return [];\n',
    to: '',
  },
  {
    what: 'a second digest takes a UID in use',
    file: pipeline('intake/compare-manifest.ts'),
    from: "return isRivalled || taken.has(sopInstanceUID) ? 'conflicting-instance' : null;",
    to: "return isRivalled && taken.has(sopInstanceUID) ? 'conflicting-instance' : null;",
  },
];

export const MUTANTS: readonly Mutant[] = [
  ...UPLOADER.map((mutation) => ({
    ...mutation,
    model: 'client/src/simulation/uploader.simulation.test.ts',
  })),
  ...DEVICE.map((mutation) => ({ ...mutation, model: 'client/src/simulation/queue.simulation.test.ts' })),
  ...GATEWAY.map((mutation) => ({ ...mutation, model: 'gateway/src/simulation/study.simulation.test.ts' })),
];
