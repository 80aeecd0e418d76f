/**
 * The key of a study: 32 bytes under which its parcels are encrypted on the disk. It is made of two halves that are
 * kept apart: one in the database, wrapped by the gateway's own key, and one as a file in `keys/studies/`. Destroying
 * the file destroys the key: the half that lives on in a database's log or backup opens nothing.
 *
 * Gateways that share a database share this folder, as they share the parcels.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { hasCode, syncFolder } from '../../ports/blobs/file-bytes.ts';

const KEY_BYTES = 32;
const ID_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/**
 * A file is made one transaction earlier than its row. If no row names a file after this long, its transaction was
 * rolled back. The age is measured by the folder's own clock, because the gateways that share it may have other clocks.
 */
const UNNAMED_FOR_MS = 3600 * 1000;
const FILES_A_TURN = 10;

export type StudyKeys = {
  /**
   * Makes a new key for the study, in the form that the database keeps. Its file is safely on the disk before this
   * resolves; waiting for the disk blocks nobody else.
   */
  create(studyId: string): Promise<Uint8Array>;
  /**
   * Null where the key is not of this study or this gateway, or was destroyed. Data encrypted with it is then lost, and
   * must be sent again.
   */
  unwrap(studyId: string, wrapped: Uint8Array): Uint8Array | null;
  /** Destroys the key for ever. Repeatable. */
  destroy(wrapped: Uint8Array): Promise<void>;
  /** Destroys the keys that no study names any more, left behind by a gateway that was killed. */
  sweep(named: readonly Uint8Array[]): Promise<void>;
};

export type ManyKeys = StudyKeys & {
  /**
   * Makes many new keys, in the order of their studies, with one wait for the disk. Each comes with its key as well as
   * its wrapped form, because reading it back could block everybody while the disk is busy.
   */
  createAll(studyIds: readonly string[]): Promise<NewKey[]>;
};
type NewKey = { readonly wrapped: Uint8Array; readonly key: Uint8Array };

const idOf = (wrapped: Uint8Array): string => Buffer.from(wrapped.subarray(0, ID_BYTES)).toString('hex');

/** Writes a half to a new file. The file's bytes are then on the disk, but its name may not be yet. */
async function writeHalf(path: string, half: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  try {
    await file.write(half);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** The present time by the clock of the machine that holds the files. */
function folderTimeMs(folder: string): number {
  const path = join(folder, `now-${randomBytes(ID_BYTES).toString('hex')}`);
  closeSync(openSync(path, 'wx', 0o600));
  const { mtimeMs } = statSync(path);
  unlinkSync(path);
  return mtimeMs;
}

/** The file is overwritten before it is removed, so that its contents disappear and not only its name. */
async function eraseFile(path: string): Promise<void> {
  try {
    await using file = await open(path, 'r+');
    const { size } = await file.stat();
    await file.write(Buffer.alloc(size), 0, size, 0);
    await file.sync();
  } catch (error) {
    // It was destroyed already.
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  await rm(path, { force: true });
}

/**
 * AES-256-GCM (NIST SP 800-38D) with the study's id as associated data: a wrapped half can be opened only for its own
 * study.
 */
function openHalf(wrapKey: Uint8Array, studyId: string, sealed: Uint8Array): Uint8Array | null {
  try {
    const decipher = createDecipheriv('aes-256-gcm', wrapKey, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    }).setAAD(Buffer.from(studyId));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    return Buffer.concat([
      decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)),
      decipher.final(),
    ]);
  } catch {
    return null;
  }
}

/** The wrapped half for the database, preceded by the name of the file with the other half. */
function wrapHalf(wrapKey: Uint8Array, { studyId, id, half }: NewHalf): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', wrapKey, nonce).setAAD(Buffer.from(studyId));
  return Buffer.concat([id, nonce, cipher.update(half), cipher.final(), cipher.getAuthTag()]);
}

type NewHalf = { readonly studyId: string; readonly id: Uint8Array; readonly half: Uint8Array };

/** RFC 5869: neither half alone reveals anything about the key. `other`: the half in the file. */
const joinHalves = (half: Uint8Array, other: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', half, other, 'relaypacs study key', KEY_BYTES));

/** `folder` is created if it does not exist. */
export function createStudyKeys(wrapKey: Uint8Array, folder: string): ManyKeys {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pathOf = (wrapped: Uint8Array): string => join(folder, idOf(wrapped));
  const createAll: ManyKeys['createAll'] = async (studyIds) => {
    const made = studyIds.map((studyId) => {
      return {
        studyId,
        id: randomBytes(ID_BYTES),
        half: randomBytes(KEY_BYTES),
        other: randomBytes(KEY_BYTES),
      };
    });
    await Promise.all(made.map(({ id, other }) => writeHalf(pathOf(id), other)));
    await syncFolder(folder);
    return made.map((of) => ({ wrapped: wrapHalf(wrapKey, of), key: joinHalves(of.half, of.other) }));
  };
  return {
    createAll,
    create: async (studyId) => (await createAll([studyId]))[0]!.wrapped,
    unwrap(studyId, wrapped) {
      const half = openHalf(wrapKey, studyId, wrapped.subarray(ID_BYTES));
      const path = pathOf(wrapped);
      if (half === null || !existsSync(path)) return null;
      const other = readFileSync(path);
      // A file that was erased but not yet removed holds no key.
      if (other.length !== KEY_BYTES || other.every((byte) => byte === 0)) return null;
      return joinHalves(half, other);
    },
    destroy: (wrapped) => eraseFile(pathOf(wrapped)),
    async sweep(named) {
      const living = new Set(named.map(idOf));
      const nowMs = folderTimeMs(folder);
      for (const [at, id] of readdirSync(folder).entries()) {
        // A folder may hold a hundred thousand files.
        if (at % FILES_A_TURN === 0) await nextTurn();
        const path = join(folder, id);
        // Missing if another gateway destroyed it meanwhile.
        const file = statSync(path, { throwIfNoEntry: false });
        if (file && !living.has(id) && nowMs - file.mtimeMs > UNNAMED_FOR_MS) await eraseFile(path);
      }
    },
  };
}
