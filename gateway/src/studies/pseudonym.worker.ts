/** The thread that reads a Patient ID. It only passes messages; part10.ts does the reading. */
import { createHash } from 'node:crypto';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { PATIENT_ID } from '#shared/dicom/tags.ts';
import { asciiText, findElement } from '#shared/dicom/values.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import type { PseudonymTalk } from './pseudonym-thread.ts';

serveTasks<PseudonymTalk>(async ({ bytes, digest }, _ask, isOver) => {
  if (createHash('sha256').update(bytes).digest('hex') !== digest) return giving(null);
  const read = await readInstance(bytesSource(bytes), isOver);
  const value = read.kind === 'ready' ? findElement(read.instance.elements, PATIENT_ID)?.bytes : null;
  return giving(value ? asciiText(value).trim() : null);
});
