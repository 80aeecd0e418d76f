/**
 * Shared by the tests that kill: a study on disk whose bytes are known, the technician's program in a
 * process of its own, and a look into the PACS.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { filesOfInstance } from '#testing/ask-orthanc.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';
import type { RunningOrthanc } from '../../../scripts/system/orthanc.ts';

const RELAY = fileURLToPath(new URL('../../../scripts/relay.ts', import.meta.url));
export const ADMIN_PASSWORD = 'only for this test';
const SERIES = 2;
const INSTANCES_A_SERIES = 4;

export type Sent = { sopInstanceUID: string; digest: string };

/** A study of small CT instances (and one of `largeBytes`, when asked) as files in a folder. */
export async function writeStudy(folder: string, studyNumber: number, largeBytes = 0): Promise<Sent[]> {
  await mkdir(folder, { recursive: true });
  const root = `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`;
  const study = `${root.slice(0, 50)}.${studyNumber}`;
  const sent: Sent[] = [];
  for (let series = 1; series <= SERIES; series += 1) {
    for (let number = 1; number <= INSTANCES_A_SERIES; number += 1) {
      const frames =
        largeBytes > 0 && series === 1 && number === 1 ? Math.ceil(largeBytes / (64 * 64 * 2)) : 1;
      // Noise, which no coding can make smaller, travels with all its bytes.
      const random = seededRandom(studyNumber * 1000 + series * 100 + number);
      const pixels = new Uint8Array(64 * 64 * 2 * frames).map(() => random() * 256);
      const sopInstanceUID = `${study}.${series}.${number}`;
      const instance = buildInstance({
        identifiers: {
          studyInstanceUID: parseUid('StudyInstanceUID', study),
          seriesInstanceUID: parseUid('SeriesInstanceUID', `${study}.${series}`),
          sopInstanceUID: parseUid('SOPInstanceUID', sopInstanceUID),
          sopClassUID: SOP_CLASSES.multiframeGrayscaleWordSC,
        },
        transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
        elements: [
          [0x00100010, 'PN', 'Killed^Often'],
          [0x00100020, 'LO', `KILL-${studyNumber}`],
          [0x00080060, 'CS', 'OT'],
        ],
        image: { rows: 64, columns: 64, frames, bitsAllocated: 16, pixels },
      });
      const bytes = Buffer.concat(instance);
      await writeFile(join(folder, `${series}-${number}.dcm`), bytes);
      sent.push({ sopInstanceUID, digest: sha256(bytes) });
    }
  }
  return sent;
}

export type UploadResult = { code: number; stdout: string; stderr: string };

/** The technician's program in a process of its own: it outlives every kill of the gateway. */
export function upload(folder: string, gateway: string): Promise<UploadResult> {
  const options = `--gateway ${gateway} --user admin --policy identified --wait --json`.split(' ');
  const child = spawn(process.execPath, [RELAY, 'upload', folder, ...options], {
    env: { ...process.env, RELAY_PASSWORD: ADMIN_PASSWORD },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (piece) => (texts.stdout += piece));
  child.stderr.on('data', (piece) => (texts.stderr += piece));
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code: code ?? -1, ...texts })));
}

/** SHA-256 of the one instance of this UID that the PACS holds. */
export async function digestInOrthanc(orthanc: RunningOrthanc, sopInstanceUID: string): Promise<string> {
  const files = await filesOfInstance(orthanc, sopInstanceUID);
  assert.is(files.length, 1, 'the PACS holds it once');
  return sha256(files[0]!);
}
