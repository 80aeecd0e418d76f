/**
 * The instances of a study without those whose pictures may hold a name, for callers who never see one. The PACS is
 * asked for their headers: no address leads around it, of the instance, its frames, its picture or its bulk data.
 */
import { burnedInTextBy } from '#shared/deid/undeclared-text.ts';
import { isObject, type Json } from '../ports/pacs/dicom-json.ts';
import { uidsIn } from './own-addresses.ts';
import { readDataSets } from './read-data-sets.ts';
import type { SeenStudy } from './sight.ts';
import type { Visit } from './web-visit.ts';
import { wholeOrEach, type Where } from './whole-or-each.ts';

const SOP_CLASS_UID = 0x00080016;
/** Rows, and the three kinds of Pixel Data: a PACS may leave these out of metadata. */
const OF_PICTURES = ['00280010', '7FE00008', '7FE00009', '7FE00010'];

/** `where`: the study, the series or the instance that is read. */
export async function withoutNamedPictures(
  visit: Visit,
  where: Where,
  own: SeenStudy,
): Promise<{ readonly shown: SeenStudy; readonly warning: { readonly warning?: string } }> {
  const instances = new Map<string, string>();
  let leftOut = 0;
  const read = (path: string) => readDataSets(visit, `${path}/metadata`);
  for await (const dataSet of wholeOrEach(visit, where, read)) {
    const { instance = '' } = uidsIn(dataSet);
    const series = own.instances.get(instance);
    if (series === undefined) continue;
    if (mayHoldName(dataSet)) leftOut += 1;
    else instances.set(instance, series);
  }
  return {
    shown: { ...own, instances, series: new Set(instances.values()) },
    warning:
      leftOut === 0
        ? {}
        : { warning: `299 RelayPACS "Left out because their pictures may show a name: ${leftOut}."` },
  };
}

/** Also of one whose kind is not said. */
function mayHoldName(dataSet: Json): boolean {
  const textOf = (tag: number): string => {
    const attribute = dataSet[tag.toString(16).toUpperCase().padStart(8, '0')];
    const values = isObject(attribute) ? attribute['Value'] : undefined;
    return Array.isArray(values) ? values.map(String).join('\\') : '';
  };
  const sopClassUID = textOf(SOP_CLASS_UID);
  const hasPixels = OF_PICTURES.some((tag) => tag in dataSet);
  return sopClassUID === '' || burnedInTextBy({ sopClassUID, textOf, hasPixels }) !== 'no';
}
