/**
 * A device for one sequence: two tabs over one database that name, pack, send, decide and die; a disk that
 * fills up; a browser that clears its storage. The queue is the real one, on a database in memory; the gateway
 * is gateway-memory.ts, and device-invariants.ts says what must hold after each step.
 */
import { signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import type { Manifest } from '#shared/protocol/manifest.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { createDecisions, type DecisionTools } from '../pipeline/queue/rows/decide-study.ts';
import { giveBack, takeOverBy } from './simulated-take-over.ts';
import { databaseOrigin } from '../pipeline/queue/rows/device-notes.ts';
import { clearInterrupted } from '../pipeline/queue/rows/drop-study.ts';
import { instancesOf } from '../pipeline/queue/rows/instance-rows.ts';
import type { StudyRow } from '../pipeline/queue/rows/local-database.ts';
import { FATES, type Act, type Step } from './device-steps.ts';
import { beginPacker, giveUp, HELD, holdOne, pack, type Tab } from './simulated-packing.ts';
import { createGatewayMemory } from './gateway-memory.ts';
import { isNoRoom } from '../pipeline/queue/rows/no-room.ts';
import { createTestDisk } from '../testing/open-disk.ts';
import { OPEN_LOCKS, openDevice, queueOver, type TestDevice, type TestKeys } from '../testing/open-queue.ts';
import { noteTriage } from '../pipeline/queue/rows/note-triage.ts';
import { createOrdering } from '../pipeline/queue/rows/order-studies.ts';
import { compareWithDatabase, keepWaitingRecord } from '../pipeline/queue/waiting-record.ts';
import { compareForSending } from '../pipeline/queue/sending-order.ts';
import {
  CopyUnreadable,
  keyOf,
  type CheckedReceipt,
  type QueuedUpload,
} from '../pipeline/queue/upload-queue.ts';
import { ownStorage } from '../testing/own-storage.ts';

export class SimulatedDevice {
  readonly remote = createGatewayMemory();
  readonly place = ownStorage();
  readonly keys: TestKeys;
  factory: TestDevice['factory'] | undefined;
  tabs: Tab[] = [];
  /** Receipts used to settle, by entry. */
  readonly receipts = new Map<string, CheckedReceipt[]>();
  /** Keys of instances that the PACS had, so that no copy was kept, and that it has lost since. */
  readonly lostByPacs = new Set<string>();
  /** Entries that a person or a full disk took out of the queue. */
  readonly ended = new Set<string>();
  /** The number of the study in each entry. */
  readonly chosen = new Map<string, number>();
  /** Errors for which the sequence gave no reason. */
  readonly unexpected: unknown[] = [];
  /** A promise that only its step can look at. */
  readonly broken: string[] = [];
  entries = 0;

  constructor(keys: TestKeys) {
    this.keys = keys;
  }

  get database() {
    return this.tabs[0]!.device.database;
  }

  async openTab(): Promise<void> {
    const disk = createTestDisk();
    const device = await openDevice(this.factory, disk.prepare);
    this.factory = device.factory;
    const queue = queueOver(device, {
      decide: async (_, decision, own) => this.remote.decide(decision, own),
    });
    this.tabs.push({ device, disk, queue, packers: [] });
    // A page that starts does the same.
    await clearInterrupted(device.database, async (id) =>
      this.tabs.some(({ packers }) => packers.some((packer) => packer.id === id)),
    );
    await databaseOrigin(device.database);
  }

  async close(): Promise<void> {
    for (const { device } of this.tabs) device.database.close();
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'die': {
        const tab = this.tabs[step.tab % this.tabs.length]!;
        tab.disk.lifeLeft = step.at;
        await ignoreFailure(this.act(step.what, tab), 'a page that dies may fail in any way');
        return this.die(tab);
      }
      case 'full': {
        for (const { disk } of this.tabs)
          Object.assign(disk, {
            fullAt: disk.writes + step.at,
            refuses: step.isLate ? 'transaction' : 'request',
          });
        await this.act(step.what, this.tabs[0]!).catch((error: unknown) => {
          if (!isNoRoom(error)) this.unexpected.push(error);
        });
        for (const { disk } of this.tabs) disk.fullAt = Number.POSITIVE_INFINITY;
        return;
      }
      case 'evict':
        return this.evict();
      default:
        await this.act(step, this.tabs[0]!).catch((error: unknown) => void this.unexpected.push(error));
    }
  }

  private async die(tab: Tab): Promise<void> {
    this.tabs = this.tabs.filter((one) => one !== tab);
    tab.device.database.close();
    await this.openTab();
  }

  private async evict(): Promise<void> {
    await this.close();
    const count = this.tabs.length;
    Object.assign(this, { factory: undefined, tabs: [] });
    for (let tab = 0; tab < count; tab += 1) await this.openTab();
  }

  /** Updates the list outside the database like the queue's screen. */
  async lookAtRecord() {
    const record = keepWaitingRecord(this.place);
    const origin = await databaseOrigin(this.database);
    const studies = await this.database.studies.toArray();
    return {
      before: record.read(),
      after: record.change((kept) => compareWithDatabase(kept, origin, studies)),
    };
  }

  decisionsOf({ device: { database } }: Tab, isHeard = true): DecisionTools {
    const hear = (): void => {
      if (!isHeard) throw new Unheard();
    };
    return {
      database,
      isOnline: signal(true),
      now: () => 1,
      wake: () => undefined,
      later: () => undefined,
      locks: OPEN_LOCKS,
      decide: async (_, decision, own) => {
        hear();
        this.remote.decide(decision, own);
      },
      withdraw: async (_, own) => {
        hear();
        this.remote.withdraw(own);
      },
    };
  }

  private async act(act: Act, tab: Tab): Promise<void> {
    const {
      queue,
      device: { database },
    } = tab;
    if (act.do === 'queue')
      return beginPacker(this, act.study, act.instances, this.tabs[act.tab % this.tabs.length]!);
    if (act.do === 'lose') return this.lose(act.from);
    if (act.do === 'take-over') return takeOverBy(this, act.by, tab);
    if (act.do === 'pack' || act.do === 'stop-packing') {
      const all = this.tabs.flatMap((one) => one.packers.map((packer) => ({ one, packer })));
      const { one, packer } = all[act.nth % Math.max(1, all.length)] ?? {};
      if (!one || !packer) return;
      if (act.do === 'stop-packing') return giveUp(this, one, packer, 'cancelled');
      return pack(this, one, packer, act);
    }
    if (act.do === 'hold') return holdOne(database, act.nth);
    if (act.do === 'late') return this.late(act.what, act.nth, tab);
    if (act.do === 'carry' || act.do === 'refuse' || act.do === 'trouble' || act.do === 'report') {
      const pending = await queue.pending();
      const study = pending[act.nth % Math.max(1, pending.length)];
      if (!study) return;
      if (act.do === 'refuse')
        return study.state === 'at-gateway' ? undefined : queue.refused(study.id, 'policy-withdrawn');
      if (act.do === 'trouble') return queue.troubled(study.id, 'copy-unreadable');
      if (act.do === 'report') return queue.report(study.id, this.statusOf(await queue.manifestOf(study.id)));
      await this.carry(tab, study, act);
      return;
    }
    const rows = (await database.studies.toArray())
      .filter(({ account }) => account === 'a')
      .sort(compareForSending);
    const row = rows[act.nth % Math.max(1, rows.length)];
    if (row) await this.person(act, row, tab);
  }

  /** Carries a study like carry-study.ts; reports an unreadable copy. True: the study came to its end. */
  async carry(tab: Tab, study: QueuedUpload, { steps, cut, fates }: Carrying): Promise<boolean> {
    const { queue } = tab;
    const { id } = study;
    const manifest = await queue.manifestOf(id);
    let left = steps;
    const goesOn = (): boolean => {
      left -= 1;
      return left >= 0;
    };
    if (!goesOn()) return false;
    if (study.state !== 'attention') {
      if (manifest.instances.length === 0) return this.followLeftOut(tab, study);
      const answer = this.remote.open(manifest);
      if (!(await queue.announced(id, answer))) {
        this.remote.withdraw(manifest.instances);
        return false;
      }
      const { need } = this.remote.open(manifest);
      if (study.state === 'at-gateway' && need.length > 0) await queue.parcelsLost(id, need);
      if ((study.state !== 'at-gateway' || need.length > 0) && (!goesOn() || !(await queue.beginSending(id))))
        return false;
      if (!goesOn() || !(await this.give(tab, id, manifest, cut))) return false;
      if (!goesOn() || this.remote.missing(manifest).length > 0) return false;
      await queue.allSent(id);
    }
    if (!goesOn()) return false;
    const checked = this.remote.settle(
      manifest.studyInstanceUID,
      (at) => FATES[Math.floor(fates / FATES.length ** at) % FATES.length]!,
    );
    if (checked === null || (study.state === 'attention' && checked.receipt.jti === study.receiptId))
      return false;
    await queue.settle(id, checked);
    this.receipts.set(id, [...(this.receipts.get(id) ?? []), checked]);
    return true;
  }

  /** All of it was left out: nothing is announced, and the receipt is waited for. */
  private async followLeftOut(
    { queue, device: { database } }: Tab,
    { id, uploadId, state }: QueuedUpload,
  ): Promise<boolean> {
    if (uploadId === null || (state !== 'at-gateway' && !(await queue.beginSending(id)))) return false;
    await queue.allSent(id);
    const checked = this.remote.settle((await database.studies.get(id))!.studyInstanceUID!, () => 'stored');
    if (checked === null) return false;
    await queue.settle(id, checked);
    return true;
  }

  /** Sends what is needed, as far as it is packed; false: the rest is awaited, or the link was cut. */
  private async give(
    { queue, device: { database } }: Tab,
    id: string,
    manifest: Manifest,
    cut: number,
  ): Promise<boolean> {
    const need = this.remote.missing(manifest);
    const wanted = new Set(need.map(keyOf));
    const rows = await instancesOf(database, id);
    const stored = new Set(
      rows.filter((row) => wanted.has(keyOf(row)) && row.parcelId !== null).map(({ parcelId }) => parcelId),
    );
    const isPacking =
      (await database.studies.get(id))?.packing === true &&
      rows.some((row) => wanted.has(keyOf(row)) && row.parcelId === null);
    let given = 0;
    const parcels = queue.parcelsFor(id, need)[Symbol.asyncIterator]();
    try {
      while (!isPacking || given < stored.size) {
        const { done, value: parcel } = await parcels.next();
        if (done) break;
        if (given >= cut) return false;
        given += 1;
        const own = rows.filter(({ parcelId }) => parcelId === parcel.id).map(keyOf);
        if (!own.some((key) => wanted.has(key)))
          this.broken.push('a parcel is given only while something in it is needed');
        for (const key of own) wanted.delete(key);
        if ((await parcel.read(0, parcel.bytes)).length !== parcel.bytes)
          this.broken.push('a parcel is given whole');
        await queue.parcelCreated(id, parcel.id, `files/${parcel.id}`);
        queue.parcelProgress(id, parcel.id, parcel.bytes, parcel.bytes);
        this.remote.arrive(own);
        await queue.parcelSent(id, parcel.id);
      }
    } catch (error) {
      if (!(error instanceof CopyUnreadable)) throw error;
      const isPromised = rows.some((row) => wanted.has(keyOf(row)) && !this.lostByPacs.has(keyOf(row)));
      if (isPromised) this.broken.push('a copy is missing only of what the PACS had, and has lost');
      await queue.troubled(id, 'copy-unreadable');
    } finally {
      await parcels.return?.();
    }
    return wanted.size === 0;
  }

  private async late(
    what: Extract<Act, { do: 'late' }>['what'],
    nth: number,
    { queue, device: { database } }: Tab,
  ): Promise<void> {
    const rows = await database.studies.toArray();
    const row = rows[nth % Math.max(1, rows.length)];
    if (row?.account !== 'a') return;
    const receipts = this.receipts.get(row.id) ?? [];
    if (what === 'receipt' && receipts.length > 0)
      return queue.settle(row.id, receipts[nth % receipts.length]!);
    if (what === 'parcel-sent') {
      const parcel = (await database.parcels.where('studyId').equals(row.id).toArray()).find(
        ({ state }) => state === 'sent',
      );
      if (parcel) await queue.parcelSent(row.id, parcel.id);
    }
    // From an uploader that was told to stop but already had the answer.
    if (
      what === 'all-sent' &&
      (row.state === 'done' || row.state === 'taken-back' || row.state === 'at-gateway')
    )
      await queue.allSent(row.id);
    if (what === 'started' && (row.state === 'done' || row.state === 'taken-back'))
      await queue.beginSending(row.id);
    if (what === 'announced' && row.studyInstanceUID !== null && row.named && row.instances > 0)
      await queue.announced(row.id, this.remote.open(await queue.manifestOf(row.id)));
  }

  private lose(from: 'gateway' | 'pacs'): void {
    if (from === 'pacs')
      for (const [key, { state }] of this.remote.held) if (isInPacs(state)) this.lostByPacs.add(key);
    this.remote.lose(from);
  }

  private statusOf({ studyInstanceUID, instances }: Manifest) {
    const states = instances.map((instance) => this.remote.held.get(keyOf(instance))?.state ?? 'promised');
    const count = (which: (state: InstanceState) => boolean): number => states.filter(which).length;
    const counts = {
      promised: states.length,
      atGateway: count((state) => state === 'received'),
      inPacs: count(isInPacs),
      refused: count((state) => state === 'refused'),
      quarantined: count((state) => state === 'quarantined'),
      leftOut: count((state) => state === 'left-out'),
    };
    const bytes = { promised: 1, atGateway: 0, inPacs: 0 };
    return {
      uploadId: `upload of ${studyInstanceUID}`,
      studyInstanceUID,
      state: 'receiving' as const,
      revision: 1,
      policy: 'identified',
      counts,
      bytes,
      waiting: null,
      receipt: null,
    };
  }

  private async person(
    act: Extract<Act, { do: 'person' | 'move' | 'score' }>,
    { id }: StudyRow,
    tab: Tab,
  ): Promise<void> {
    const {
      device: { database },
    } = tab;
    const ordering = createOrdering({ database, wake: () => undefined, account: () => 'a' });
    if (act.do === 'score') return noteTriage(database, id, { said: new Map([[0, said(act.score)]]) });
    if (act.do === 'move') return ordering.move(id, act.at);
    if (act.what === 'sendFirst') return this.sendFirst(ordering, id, tab);
    if (act.what === 'pause' || act.what === 'resume') return ordering[act.what](id);
    const decisions = createDecisions(this.decisionsOf(tab, act.isHeard));
    if (act.what === 'takeBack' || act.what === 'cancel' || act.what === 'dismiss') this.ended.add(id);
    const answer = act.what === 'leaveOutHeld' ? decisions.leaveOutHeld(id, HELD) : decisions[act.what](id);
    await Promise.resolve(answer).catch((error: unknown) => {
      if (!(error instanceof Unheard)) throw error;
    });
  }

  private async sendFirst(
    ordering: ReturnType<typeof createOrdering>,
    id: string,
    { queue, device: { database } }: Tab,
  ): Promise<void> {
    await ordering.sendFirst(id);
    const study = await database.studies.get(id);
    const [first] = (await queue.pending()).filter(
      ({ state }) => state === 'reading' || state === 'safe' || state === 'uploading',
    );
    const isWaiting =
      study?.named &&
      study.waiting !== 'interrupted' &&
      (study.state === 'reading' || study.state === 'safe' || study.state === 'uploading');
    if (isWaiting && first?.id !== id) this.broken.push('what is sent first goes first');
  }

  /** From now on all goes well: pages live, the gateway answers, and no person decides anything. */
  async settle(): Promise<void> {
    await this.die(this.tabs[1]!);
    await giveBack(this, this.tabs[0]!);
    for (const { id } of (await this.database.studies.toArray()).filter(({ paused }) => paused))
      await this.database.studies.update(id, { paused: false });
    await this.letTimePass();
  }

  /** Pages pack, and the gateway stores what it is sent, until nothing moves any more. */
  async letTimePass(): Promise<void> {
    for (let round = 0, isMoving = true; round < 8 && isMoving; round += 1) {
      isMoving = false;
      for (const tab of this.tabs)
        for (const packer of [...tab.packers]) await pack(this, tab, packer, { steps: 9, isChanged: false });
      for (const study of await this.tabs[0]!.queue.pending())
        isMoving = (await this.carry(this.tabs[0]!, study, { steps: 9, cut: 9, fates: 0 })) || isMoving;
    }
  }
}

type Carrying = Pick<Extract<Act, { do: 'carry' }>, 'steps' | 'cut' | 'fates'>;

/** The answer of a model with a threshold of 0.5. */
function said(score: number): DeviceTriage {
  return { models: [], runtime: 'a runtime', population: 'inside', score, first: score >= 0.5, film: [] };
}

/** The gateway cannot be reached now. */
class Unheard extends Error {}
