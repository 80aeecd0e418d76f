/**
 * Reads from Orthanc's own API for tests and judges. It ends kept connections after a second, in the middle
 * of an answer too: such a one is asked again.
 */
import type { RunningOrthanc } from '../../scripts/system/orthanc.ts';

const TIMES = 3;

/**
 * The whole answer. `body`: it is posted. @throws Error when Orthanc answers with a failure, or breaks off
 * again and again.
 */
export async function askOrthanc(
  { restUrl, authorization }: Pick<RunningOrthanc, 'restUrl' | 'authorization'>,
  path: string,
  body?: string,
): Promise<Buffer> {
  for (let time = 1; ; time += 1) {
    try {
      const answer = await fetch(`${restUrl}${path}`, {
        headers: { authorization },
        ...(body === undefined ? {} : { method: 'POST', body }),
      });
      const content = Buffer.from(await answer.arrayBuffer());
      if (answer.ok) return content;
      throw new Error(`Orthanc answers ${answer.status} to ${path}`);
    } catch (error) {
      if (time === TIMES) throw error;
    }
  }
}

/** The files of all instances of this UID that the PACS holds. */
export async function filesOfInstance(
  orthanc: Pick<RunningOrthanc, 'restUrl' | 'authorization'>,
  sopInstanceUID: string,
): Promise<Buffer[]> {
  const found = JSON.parse((await askOrthanc(orthanc, '/tools/lookup', sopInstanceUID)).toString()) as {
    Type: string;
    ID: string;
  }[];
  const files: Buffer[] = [];
  for (const { ID } of found.filter(({ Type }) => Type === 'Instance'))
    files.push(await askOrthanc(orthanc, `/instances/${ID}/file`));
  return files;
}

/** The IDs by which the PACS knows the instances of this study. */
export async function instanceIdsOfStudy(
  orthanc: Pick<RunningOrthanc, 'restUrl' | 'authorization'>,
  studyInstanceUID: string,
): Promise<string[]> {
  const query = JSON.stringify({ Level: 'Instance', Query: { StudyInstanceUID: studyInstanceUID } });
  return JSON.parse((await askOrthanc(orthanc, '/tools/find', query)).toString()) as string[];
}

/** The files of all instances of this study that the PACS holds. */
export async function filesOfStudy(
  orthanc: Pick<RunningOrthanc, 'restUrl' | 'authorization'>,
  studyInstanceUID: string,
): Promise<Buffer[]> {
  const files: Buffer[] = [];
  for (const id of await instanceIdsOfStudy(orthanc, studyInstanceUID))
    files.push(await askOrthanc(orthanc, `/instances/${id}/file`));
  return files;
}

/** The file of every instance that the PACS holds, one after the other. */
export async function* allFiles(
  orthanc: Pick<RunningOrthanc, 'restUrl' | 'authorization'>,
): AsyncGenerator<Buffer> {
  const ids = JSON.parse((await askOrthanc(orthanc, '/instances')).toString()) as string[];
  for (const id of ids) yield await askOrthanc(orthanc, `/instances/${id}/file`);
}
