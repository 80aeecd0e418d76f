/**
 * Rewrites the addresses in a Data Set from the PACS as the gateway's own, so that callers do not learn where the PACS
 * is, and their next requests go to the gateway. Bulk data whose address is not below that of its instance gets no
 * address.
 */
import { withoutPadding } from '#shared/dicom/padding.ts';
import { isLoopbackName } from '../../config.ts';
import type { GatewayContext } from '../../http/route.ts';
import { isObject, type Json } from '../../ports/pacs/dicom-json.ts';

const RETRIEVE_URL = '00081190';
const RETRIEVE_AE_TITLE = '00080054';
const RETRIEVE_URI = '0040E010';
/** Attributes, also in items of sequences, that tell where this or another PACS has an instance. */
const WHERE_IT_LIES: readonly string[] = [RETRIEVE_URL, RETRIEVE_AE_TITLE, RETRIEVE_URI];
const STUDY_INSTANCE_UID = '0020000D';
const SERIES_INSTANCE_UID = '0020000E';
const SOP_INSTANCE_UID = '00080018';

export type Uids = {
  readonly study: string | undefined;
  readonly series: string | undefined;
  readonly instance: string | undefined;
};

function firstOf(dataSet: Json, tag: string): unknown {
  const attribute = dataSet[tag];
  const values = isObject(attribute) ? attribute['Value'] : undefined;
  return Array.isArray(values) ? values[0] : undefined;
}

export function uidsIn(dataSet: Json): Uids {
  const text = (tag: string): string | undefined => {
    const value = firstOf(dataSet, tag);
    return typeof value === 'string' ? withoutPadding(value) : undefined;
  };
  return {
    study: text(STUDY_INSTANCE_UID),
    series: text(SERIES_INSTANCE_UID),
    instance: text(SOP_INSTANCE_UID),
  };
}

/** Whether the Data Set has a Patient's Name or a Patient ID. */
export const namesPatient = (dataSet: Json): boolean =>
  ['00100010', '00100020'].some((tag) => {
    const value = firstOf(dataSet, tag);
    return isObject(value) || (typeof value === 'string' && value !== '');
  });

/** Number of Study Related Instances. */
export const RELATED_INSTANCES = '00201208';

/** Null if it is not stated. */
export function relatedInstances(dataSet: Json): number | null {
  const said = firstOf(dataSet, RELATED_INSTANCES);
  const count = Number(said ?? Number.NaN);
  return Number.isInteger(count) ? count : null;
}

/** The address of `/dicom-web` as the caller reached it. */
export function webAddress(c: GatewayContext, publicUrl: string): string {
  const { protocol, hostname, host } = new URL(c.req.url);
  // TLS may be terminated by a proxy in front of the gateway.
  const isBehind = publicUrl.startsWith('https:') && !isLoopbackName(hostname);
  return `${isBehind ? 'https:' : protocol}//${host}${c.get('throughWeb') ? '/api' : ''}/dicom-web`;
}

export function retrieveUrl(address: string, { study, series, instance }: Uids): string {
  const ofSeries = series === undefined ? '' : `/series/${series}`;
  const ofInstance = series === undefined || instance === undefined ? '' : `/instances/${instance}`;
  return `${address}/studies/${study ?? ''}${ofSeries}${ofInstance}`;
}

/** Returns a new Data Set. `of`: its UIDs, including those that the request named. */
export function withOwnAddresses(dataSet: Json, of: Uids, address: string): Json {
  const own = rewritten(dataSet, of, address);
  own[RETRIEVE_URL] = { vr: 'UR', Value: [retrieveUrl(address, of)] };
  return own;
}

function rewritten(dataSet: Json, of: Uids, address: string): Json {
  const own: Json = {};
  for (const [tag, attribute] of Object.entries(dataSet)) {
    if (!isObject(attribute) || WHERE_IT_LIES.includes(tag.toUpperCase())) continue;
    const { BulkDataURI: uri, Value: values, ...rest } = attribute;
    const bulk = typeof uri === 'string' ? bulkAddress(uri, of, address) : null;
    own[tag] = {
      ...rest,
      ...(bulk !== null && { BulkDataURI: bulk }),
      ...(Array.isArray(values) && {
        Value:
          attribute['vr'] === 'SQ'
            ? values.map((item) => (isObject(item) ? rewritten(item, of, address) : {}))
            : values,
      }),
    };
  }
  return own;
}

/** Separates the segments of a PACS path that are joined to one segment of ours. */
const BETWEEN = '~';
const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,64}$/;
const SEGMENTS_LIMIT = 12;

function bulkAddress(uri: string, of: Uids, address: string): string | null {
  const { study, series, instance } = of;
  const above = `/studies/${study}/series/${series}/instances/${instance}/`;
  const at = uri.indexOf(above);
  if (at === -1) return null;
  const segments = uri.slice(at + above.length).split('/');
  const isPlain = segments.length <= SEGMENTS_LIMIT && segments.every((one) => SEGMENT.test(one));
  return isPlain ? `${retrieveUrl(address, of)}/bulkdata/${segments.join(BETWEEN)}` : null;
}

/** The path below the instance at the PACS; null: no such name was ever issued. */
export function bulkPath(name: string): string | null {
  const segments = name.split(BETWEEN);
  return segments.length <= SEGMENTS_LIMIT && segments.every((one) => SEGMENT.test(one))
    ? segments.join('/')
    : null;
}
