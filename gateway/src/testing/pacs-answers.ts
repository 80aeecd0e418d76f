/** Answers that a PACS of the tests, or a proxy before it, gives in the place of its own. */

/**
 * `dicom`: a store answer with empty sequences. `named`: one in which every instance failed. `busy`: one in which
 * there was no room for any. `list`: an empty list. `cut`: the connection breaks off in the middle. `endless`: it
 * falls silent in the middle. `silence`: nothing comes at all, whatever the status.
 */
export const BODIES = [
  'html',
  'empty',
  'json',
  'dicom',
  'named',
  'named-xml',
  'busy',
  'list',
  'cut',
  'endless',
  'silence',
] as const;
export type Body = (typeof BODIES)[number];

export type Answer = { readonly status: number; readonly body: Body };

/** Media type and text of a body, about these SOP Instance UIDs. */
export function textOf(body: Body, uids: readonly string[]): readonly [string, string] {
  switch (body) {
    case 'html':
      return ['text/html', '<html><body><h1>It works, or does not</h1></body></html>'];
    case 'empty':
    case 'silence':
      return ['text/plain', ''];
    case 'json':
      return ['application/json', '{"message":"no"}'];
    case 'list':
      return ['application/dicom+json', '[]'];
    case 'dicom':
    case 'cut':
    case 'endless':
      return ['application/dicom+json', JSON.stringify(storeAnswer([], []))];
    case 'named':
      return ['application/dicom+json', JSON.stringify(storeAnswer([], uids))];
    case 'busy':
      return ['application/dicom+json', JSON.stringify(storeAnswer([], uids, OUT_OF_RESOURCES))];
    case 'named-xml':
      return ['application/dicom+xml', failedInXml(uids)];
    default:
      return body satisfies never;
  }
}

/** PS3.18 Table I.2-2. */
const OUT_OF_RESOURCES = 0xa700;
const PROCESSING_FAILURE = 0x0110;

/** PS3.18 Table 10.5.3-1. */
export function storeAnswer(
  stored: readonly string[],
  failed: readonly string[],
  reason = PROCESSING_FAILURE,
): unknown {
  const uid = (value: string) => ({ '00081155': { vr: 'UI', Value: [value] } });
  const failures = failed.map((one) => ({ ...uid(one), '00081197': { vr: 'US', Value: [reason] } }));
  return { '00081198': { vr: 'SQ', Value: failures }, '00081199': { vr: 'SQ', Value: stored.map(uid) } };
}

const attribute = (tag: string, vr: string, content: string): string =>
  `<DicomAttribute tag="${tag}" vr="${vr}">${content}</DicomAttribute>`;
const inValue = (text: string): string => `<Value number="1">${text}</Value>`;

function failedInXml(uids: readonly string[]): string {
  const items = uids.map((uid, at) => {
    const failed = attribute('00081155', 'UI', inValue(uid)) + attribute('00081197', 'US', inValue('272'));
    return `<Item number="${at + 1}">${failed}</Item>`;
  });
  const sequence = attribute('00081198', 'SQ', items.join(''));
  return `<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel>${sequence}</NativeDicomModel>`;
}
