/** The settings of an Orthanc that confirms every instance and keeps none. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const DISCARD = 'function ReceivedInstanceFilter(dicom, origin) return false end\n';

export async function discardingPacs(folder: string) {
  await mkdir(folder, { recursive: true });
  const script = join(folder, 'discard.lua');
  await writeFile(script, DISCARD);
  return { folder, settings: { AuthenticationEnabled: false, LuaScripts: [script] } };
}
