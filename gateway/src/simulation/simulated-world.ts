/**
 * A sequence of the simulated gateway: two devices that send the same study or its rivals, a stranger who promises
 * anything and sends nothing, a person, a PACS that lies and a process that dies. Each step is an action from
 * outside; gateway-invariants.ts lists what must hold after it.
 */
import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { createCompletion } from '../uploads/complete-upload.ts';
import { Killed } from './simulated-ports.ts';
import { BEGIN, runJob, type SimulationGround } from './simulation-ground.ts';
import type { Act, Kind, Step } from './gateway-steps.ts';
import { claimed, OTHER_STUDY } from './stranger-claims.ts';
import { passMinutes } from '../testing/pass-minutes.ts';
import { packed, toManifest } from '../testing/pack-parcel.ts';
import { findUpload } from '../pipeline/stores/parcel.store.ts';

export const INSTANCES = 3;
const HOUR_MS = 3600_000;
/** Rounds in which honest parties come to an end: four times damaged, three times lost, and some to spare. */
const ROUNDS = 14;
/** Far more than a study has stages, however often each is asked for again. */
const JOBS_LIMIT = 200;

const honest = syntheticStudy({ seed: 1001, instancesPerSeries: INSTANCES, rows: 8, columns: 8 }).instances;
/** The same UIDs, other pixels. */
const rivals = honest.map((instance): SyntheticInstance => {
  const bytes = instance.bytes.slice();
  bytes[bytes.length - 1]! ^= 1;
  return { ...instance, bytes };
});
const material: Readonly<Record<Kind, readonly SyntheticInstance[]>> = {
  honest,
  rival: rivals,
  'other-policy': rivals,
};
const originalOf = (at: number): string => sha256(new Uint8Array([at]));
const instanceOf = new Map([...honest, ...rivals].map((instance) => [sha256(instance.bytes), instance]));

/** Bodies are made once: only their content counts. */
const bodies = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
function bodyOf(instances: readonly SyntheticInstance[], isCoded: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const name = `${isCoded} ${instances.map(({ bytes }) => sha256(bytes)).join(' ')}`;
  const made = bodies.get(name) ?? packed(instances, () => isCoded);
  bodies.set(name, made);
  return made;
}

type Unfinished = {
  readonly location: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sent: number;
};
type Device = {
  readonly accountId: string;
  readonly manifests: Map<string, Manifest>;
  readonly uploads: Map<string, string>;
  readonly unfinished: Unfinished[];
};

export class World {
  readonly ground: SimulationGround;
  readonly siteId: string;
  readonly devices: readonly [Device, Device];
  /** Another account of the site: it promises anything, and never sends. */
  readonly stranger: Device;
  /** Events that may make the gateway post an instance again. */
  upsets = 0;
  readonly lostFromPacs = new Set<string>();
  isSpoolLost = false;
  wasKilled = false;

  constructor(ground: SimulationGround, siteId: string, accounts: readonly string[]) {
    this.ground = ground;
    this.siteId = siteId;
    const [one, two, three] = accounts.map(
      (accountId): Device => ({ accountId, manifests: new Map(), uploads: new Map(), unfinished: [] }),
    );
    this.devices = [one!, two!];
    this.stranger = three!;
  }

  async take(step: Step): Promise<void> {
    const { ground } = this;
    switch (step.do) {
      case 'lie':
        ground.pacs.lie = step.lie;
        return;
      case 'lose':
        return this.lose(step.from);
      case 'foreign': {
        const {
          identifiers: { sopInstanceUID, studyInstanceUID },
          bytes,
        } = material[step.kind][0]!;
        ground.pacs.held.set(sopInstanceUID, { study: studyInstanceUID, bytes: Buffer.from(bytes) });
        return;
      }
      case 'kill':
        this.wasKilled = true;
        this.upsets += 1;
        ground.life.endAt(step.at);
        await this.act(step.what);
        ground.life.begin();
        return;
      case 'cross': {
        this.upsets += 1;
        ground.crossAt(step.at, () => this.act(step.meanwhile));
        await this.act(step.what);
        return ground.crossAt(0, null);
      }
      default:
        return this.act(step);
    }
  }

  /** Asks as `device`: the question is answered, or its gateway died. */
  async ask<T>(device: Device, method: string, path: string, body?: unknown): Promise<T | null> {
    const { pipeline } = this.ground;
    pipeline.actAs(device.accountId, ['technician'], null, this.siteId);
    const response = await pipeline.request(method, path, body === undefined ? null : JSON.stringify(body), {
      'content-type': 'application/json',
    });
    return response.ok && response.status !== 204 ? ((await response.json()) as T) : null;
  }

  async act(act: Act): Promise<void> {
    const { ground } = this;
    const device = this.devices['device' in act ? act.device : 0]!;
    const studyUID =
      'elsewhere' in act && act.elsewhere ? OTHER_STUDY : honest[0]!.identifiers.studyInstanceUID;
    const uploadId = device.uploads.get(studyUID);
    if (act.do === 'announce')
      return void (await this.announce(device, manifestOf(act.kind, act.count, studyUID)));
    if (act.do === 'claim') return this.claim(act);
    if (act.do === 'work') return this.work(act.nth);
    if (act.do === 'again') return this.again(act.nth);
    if (act.do === 'pass') return this.pass(act.hours);
    if (act.do === 'finish') return this.finish(device);
    if (uploadId === undefined) return;
    switch (act.do) {
      case 'send': {
        const chosen = material[act.kind].filter((_, at) => ((act.which >> at) & 1) === 1);
        if (chosen.length === 0) return;
        return this.send(device, uploadId, await bodyOf(chosen, act.isCoded), {
          isSealed: act.isSealed,
          isDamaged: act.isDamaged,
          isCut: act.isCut,
        });
      }
      case 'decide': {
        if (act.decision !== 'take-back') this.upsets += 1;
        const { instances = [] } =
          (await this.ask<{ instances?: { sopInstanceUID: string; digest: string }[] }>(
            device,
            'GET',
            `/upload/${uploadId}/status?instances=1`,
          )) ?? {};
        const chosen = instances
          .filter((_, at) => ((act.which >> at) & 1) === 1)
          .map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest }));
        if (chosen.length > 0)
          await this.ask(device, 'POST', `/upload/${uploadId}/decisions`, {
            decision: act.decision,
            instances: chosen,
          });
        if (act.decision !== 'retry')
          this.forget(device, studyUID, new Set(chosen.map(({ digest }) => digest)));
        return;
      }
      case 'delete':
        if ((await ground.pipeline.request('DELETE', `/upload/${uploadId}`)).ok)
          device.manifests.delete(studyUID);
        return;
      case 'complete': {
        const { tools } = ground.pipeline;
        const upload = await findUpload(tools.db, uploadId, null).catch(unlessKilled);
        // A wait in vain is answered at once: nothing happens meanwhile that a test would wait for.
        const { complete } = createCompletion(tools);
        if (upload) await complete(upload, device, () => false, AbortSignal.abort()).catch(unlessKilled);
        return;
      }
      default:
        return act satisfies never;
    }
  }

  private async announce(device: Device, manifest: Manifest): Promise<ManifestAnswer | null> {
    device.manifests.set(
      manifest.studyInstanceUID,
      merged(device.manifests.get(manifest.studyInstanceUID), manifest),
    );
    const answer = await this.ask<ManifestAnswer>(device, 'POST', '/upload/init', manifest);
    if (answer) device.uploads.set(manifest.studyInstanceUID, answer.uploadId);
    return answer;
  }

  /** The stranger is told nothing of what it names, and reaches no upload but its own. */
  private async claim({ how, count }: Extract<Act, { do: 'claim' }>): Promise<void> {
    const manifest = claimed(manifestOf('honest', count, honest[0]!.identifiers.studyInstanceUID), how);
    const answer = await this.ask<ManifestAnswer>(this.stranger, 'POST', '/upload/init', manifest);
    if (answer) assert.equal([answer.have, answer.conflict], [[], []], 'I18: it learns nothing');
    // An act of another account may have crossed it.
    this.ground.pipeline.actAs(this.stranger.accountId, ['technician'], null, this.siteId);
    for (const uploadId of this.devices.flatMap(({ uploads }) => [...uploads.values()])) {
      for (const [method, path] of [
        ['GET', '/status'],
        ['GET', '/receipt'],
        ['DELETE', ''],
      ] as const)
        assert.not(
          (await this.ground.pipeline.request(method, `/upload/${uploadId}${path}`)).ok,
          `I18: ${method}`,
        );
    }
  }

  /** The device does not promise again an instance that a person left out or that it took back. */
  private forget(device: Device, studyUID: string, digests: ReadonlySet<string>): void {
    const known = device.manifests.get(studyUID);
    if (known)
      device.manifests.set(studyUID, {
        ...known,
        instances: known.instances.filter(({ digest }) => !digests.has(digest)),
      });
  }

  private async send(
    device: Device,
    uploadId: string,
    body: Uint8Array<ArrayBuffer>,
    how: { readonly isSealed: boolean; readonly isDamaged: boolean; readonly isCut: boolean },
  ): Promise<void> {
    const { pipeline } = this.ground;
    pipeline.actAs(device.accountId, ['technician'], null, this.siteId);
    const bytes = body.slice();
    if (how.isDamaged) bytes[bytes.length - 80]! ^= 0xff;
    if (how.isSealed) return void (await pipeline.sendSealed(uploadId, bytes));
    const created = await pipeline.create(uploadId, randomUUID(), bytes.length);
    const location = created.headers.get('location');
    if (!created.ok || location === null) return;
    const sent = how.isCut ? bytes.length >> 1 : bytes.length;
    if (how.isCut) device.unfinished.push({ location, bytes, sent });
    await pipeline.patch(location, 0, bytes.subarray(0, sent));
  }

  /** A cut upload resumes at the offset that the gateway names. */
  private async finish(device: Device): Promise<void> {
    const { pipeline } = this.ground;
    const cut = device.unfinished.shift();
    if (!cut) return;
    pipeline.actAs(device.accountId, ['technician'], null, this.siteId);
    const asked = await pipeline.head(cut.location);
    const offset = Number(asked.headers.get('upload-offset') ?? NaN);
    if (asked.ok && offset < cut.bytes.length)
      await pipeline.patch(cut.location, offset, cut.bytes.subarray(offset));
  }

  /** Runs one of the jobs that are due; where none is, time passes until one is. */
  private async work(nth: number): Promise<void> {
    const { ground } = this;
    const { waiting } = ground.jobs;
    if (waiting.length === 0) return;
    if (ground.pacs.lie !== 'honest') this.upsets += 1;
    ground.now = Math.max(ground.now, Math.min(...waiting.map(({ dueAt }) => dueAt)));
    const due = waiting.filter(({ dueAt }) => dueAt <= ground.now);
    await runJob(ground, due[nth % due.length]!);
  }

  /** A job that was done is done once more: its worker was thought dead. */
  private async again(nth: number): Promise<void> {
    const { past } = this.ground.jobs;
    if (past.length > 0) await runJob(this.ground, past[nth % past.length]!, true);
  }

  private async pass(hours: number): Promise<void> {
    this.ground.now += hours * HOUR_MS;
    await passMinutes(this.ground.pipeline.tools.db, hours * 60);
    await runJob(this.ground, { queue: 'expiry', data: {}, key: 'expiry', dueAt: this.ground.now }, true);
  }

  private lose(from: 'pacs' | 'spool'): void {
    this.upsets += 1;
    const { pacs, blobs } = this.ground;
    const [uid] = honest.map(({ identifiers }) => identifiers.sopInstanceUID);
    if (from === 'pacs' && pacs.held.delete(uid!)) this.lostFromPacs.add(uid!);
    if (from !== 'spool') return;
    this.isSpoolLost = true;
    blobs.held.clear();
  }

  /** All are honest now: the devices send what they are asked for, and every job is done. */
  async settle(): Promise<void> {
    const { ground } = this;
    ground.pacs.lie = 'honest';
    // An instance found damaged in a quiet round is asked for in the next.
    let quiet = 0;
    for (let round = 0; quiet < 2; round += 1) {
      assert.ok(round < ROUNDS, 'I13: what is asked for again and again comes to an end');
      let isAsked = false;
      for (const device of this.devices)
        for (const manifest of device.manifests.values())
          isAsked = (await this.deliver(device, manifest)) || isAsked;
      await this.workOff();
      quiet = isAsked ? 0 : quiet + 1;
    }
  }

  private async workOff(): Promise<void> {
    const { waiting } = this.ground.jobs;
    for (let jobs = 0; waiting.length > 0; jobs += 1) {
      assert.ok(
        jobs < JOBS_LIMIT,
        `I13: the work ends, and does not go round: ${waiting.map(({ queue }) => queue).join()}`,
      );
      await this.work(0);
    }
  }

  /** True: something was asked for, and sent. */
  private async deliver(device: Device, manifest: Manifest): Promise<boolean> {
    // A device that named the instances of another study no longer does so.
    if (manifest.instances.length === 0 || manifest.studyInstanceUID === OTHER_STUDY) return false;
    const answer = await this.ask<ManifestAnswer>(device, 'POST', '/upload/init', manifest);
    assert.ok(answer, 'I13: a gateway that lives answers');
    const asked = answer.need.map(({ digest }) => instanceOf.get(digest)!);
    if (asked.length > 0)
      await this.send(device, answer.uploadId, await bodyOf(asked, false), {
        isSealed: false,
        isDamaged: false,
        isCut: false,
      });
    return asked.length > 0;
  }

  /** Sweeps abandoned data. */
  async giveUp(): Promise<void> {
    // A loss from the spool shows only when the rest is given up; the lost instance is then awaited as well.
    for (let month = 0; month < 2; month += 1) {
      await this.pass(24 * 31);
      await this.workOff();
    }
  }
}

function manifestOf(kind: Kind, count: number, studyInstanceUID: string): Manifest {
  const made = toManifest(
    material[kind].slice(0, count),
    kind === 'other-policy' ? 'deidentified' : 'identified',
  );
  return {
    ...made,
    studyInstanceUID,
    instances: made.instances.map((instance, at) => ({
      ...instance,
      ...(kind === 'rival' ? {} : { originalDigest: originalOf(at) }),
    })),
  };
}

/** The instances that the device has promised so far, under the newest policy. */
function merged(known: Manifest | undefined, news: Manifest): Manifest {
  const all = new Map(
    [...(known?.instances ?? []), ...news.instances].map((instance) => [instance.digest, instance]),
  );
  return { ...news, instances: [...all.values()] };
}

function unlessKilled(error: unknown): undefined {
  if (!(error instanceof Killed)) throw error;
}

export async function openWorld(ground: SimulationGround): Promise<World> {
  await ground.clear();
  Object.assign(ground, { pacs: openTestPacs(), now: BEGIN });
  const { db } = ground.pipeline.tools;
  const { id: siteId } = await db
    .insertInto('site')
    .values({ name: 'simulation' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const account = (nth: number) => ({
    site_id: siteId,
    username: `${siteId} ${nth}`,
    roles: ['technician' as const],
    password_hash: '',
    disabled_at: null,
  });
  const accounts = await db
    .insertInto('account')
    .values([account(1), account(2), account(3)])
    .returning('id')
    .execute();
  return new World(
    ground,
    siteId,
    accounts.map(({ id }) => id),
  );
}
