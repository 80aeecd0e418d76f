/**
 * Reads the Accept header of a retrieval (PS3.18 §8.7.5) and selects the media types that the gateway passes on. The
 * PACS is sent a new header, made from these types.
 */
import { isUid } from '#shared/dicom/uid.ts';
import { Problem } from '#shared/protocol/problem.ts';

/**
 * `accept`: the header for the PACS. `isSingle`: the caller accepts a single part as the body. `type`: the media type
 * of the parts.
 */
export type Accepted = { readonly accept: string; readonly type: string; readonly isSingle: boolean };

export const DICOM = 'application/dicom';
export const OCTETS = 'application/octet-stream';
/** Media types of encoded frames and bulk data (PS3.18 Tables 8.7.3-2 to 8.7.3-5). */
export const ENCODED: readonly string[] = [
  ...[OCTETS, 'image/jpeg', 'image/jp2', 'image/jpx', 'image/jph', 'image/jphc', 'image/jls', 'image/jxl'],
  ...['image/dicom-rle', 'image/x-dicom-rle', 'image/x-jls', 'image/png', 'image/gif'],
  ...['video/mpeg', 'video/mpeg2', 'video/mp4', 'video/h265'],
];
export const RENDERED: readonly string[] = ['image/jpeg', 'image/png', 'image/gif', 'video/mp4'];
/** The most media ranges that are read. */
const RANGES_LIMIT = 16;

type Range = {
  readonly type: string;
  readonly inner: string | undefined;
  readonly syntax: string | undefined;
};

/** RFC 9110 §12.5.1, without weights: the order of the ranges is the caller's order of preference. */
function rangesOf(header: string | undefined): readonly Range[] {
  const ranges = (header?.trim() || '*/*').match(/(?:[^,"]|"[^"]*")+/g) ?? [];
  return ranges.slice(0, RANGES_LIMIT).map((range) => {
    const [type = '', ...parameters] = (range.match(/(?:[^;"]|"[^"]*")+/g) ?? []).map((one) => one.trim());
    const named = new Map(
      parameters.map((one): [string, string] => {
        const [name = '', ...value] = one.split('=');
        return [
          name.trim().toLowerCase(),
          value
            .join('=')
            .trim()
            .replace(/^"(.*)"$/, '$1'),
        ];
      }),
    );
    const lower = (text: string | undefined) => text?.toLowerCase();
    return {
      type: type.toLowerCase(),
      inner: lower(named.get('type')),
      syntax: named.get('transfer-syntax'),
    };
  });
}

/**
 * `types`: the types that parts may have; the first one is the default. `single`: the types for which the body may be
 * a single part.
 */
function parts(header: string | undefined, types: readonly string[], single: readonly string[]): Accepted {
  const [usual = ''] = types;
  const taken = rangesOf(header).flatMap((range) => {
    const { type, inner, syntax } = range;
    const isSingle = single.includes(type);
    const isAny =
      type === '*/*' || type === 'multipart/*' || (type === 'multipart/related' && inner === undefined);
    const wanted = isSingle ? type : isAny ? usual : type === 'multipart/related' ? (inner ?? '') : '';
    if (!types.includes(wanted) || !(syntax === undefined || syntax === '*' || isUid(syntax))) return [];
    const encoded = syntax === undefined ? '' : `; transfer-syntax=${syntax}`;
    return [{ accept: `multipart/related; type="${wanted}"${encoded}`, type: wanted, isSingle }];
  });
  const [first] = taken;
  if (first === undefined) throw new Problem('not-acceptable');
  const alike = taken.filter(({ isSingle }) => isSingle === first.isSingle);
  return { ...first, accept: alike.map(({ accept }) => accept).join(', ') };
}

/** @throws Problem not-acceptable, like the other functions here. */
export const acceptedInstances = (header: string | undefined, isOne: boolean): Accepted =>
  parts(header, [DICOM], isOne ? [DICOM] : []);

export const acceptedEncoded = (header: string | undefined): Accepted => parts(header, ENCODED, []);

export function acceptedRendered(header: string | undefined): Accepted {
  const type = rangesOf(header)
    .map((range) => (range.type === '*/*' || range.type === 'image/*' ? 'image/jpeg' : range.type))
    .find((one) => RENDERED.includes(one));
  if (type === undefined) throw new Problem('not-acceptable');
  return { accept: type, type, isSingle: true };
}

export const acceptedPictures = (header: string | undefined): Accepted =>
  parts(header, ['image/jpeg', ...RENDERED.filter((type) => type !== 'image/jpeg')], []);

export const DICOM_JSON = 'application/dicom+json';

export const DICOM_XML = 'application/dicom+xml';

/** The form of search results and metadata. */
export type DataSetForm = 'json' | 'xml';

export function acceptedDataSets(header: string | undefined): DataSetForm {
  for (const { type, inner } of rangesOf(header)) {
    if (['*/*', 'application/*', 'application/json', DICOM_JSON].includes(type)) return 'json';
    if (type === DICOM_XML || (type === 'multipart/related' && inner === DICOM_XML)) return 'xml';
  }
  throw new Problem('not-acceptable', 'This is answered in JSON or in XML of DICOM.');
}
