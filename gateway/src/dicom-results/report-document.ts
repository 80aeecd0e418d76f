/** The parts that all reports share: the frame of a TID 1500 "Measurement Report", and what its header refers to. */
import type { SimpleElement } from '#shared/dicom/build-instance.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { codeItem, dcm, sct } from './codes.ts';
import {
  codeValue,
  container,
  imageReference,
  personName,
  templateOf,
  textValue,
  uidValue,
  type ContentItem,
} from './content-item.ts';
import { oneValue } from './result-text.ts';
import { momentOf, reference } from './source-modules.ts';

export const COMPREHENSIVE_SR = '1.2.840.10008.5.1.4.1.1.88.33';
export const MEASUREMENT_GROUP = dcm('125007', 'Measurement Group');

/** The root container and its content, as elements of the Data Set. */
export function measurementReport(
  observer: readonly ContentItem[],
  content: readonly ContentItem[],
): SimpleElement[] {
  const items = [
    codeValue(
      dcm('121049', 'Language of Content Item and Descendants'),
      { value: 'en-US', scheme: 'RFC5646', meaning: 'English (United States)' },
      'HAS CONCEPT MOD',
    ),
    ...observer,
    codeValue(dcm('121058', 'Procedure reported'), sct('363679005', 'Imaging procedure'), 'HAS CONCEPT MOD'),
    ...content,
  ];
  return [
    [0x0040a040, 'CS', 'CONTAINER'],
    [0x0040a043, 'SQ', codeItem(dcm('126000', 'Imaging Measurement Report'))],
    [0x0040a050, 'CS', 'SEPARATE'],
    templateOf('1500'),
    [0x0040a730, 'SQ', ...items],
  ];
}

/** TID 1600. */
export const imageLibrary = (images: readonly (readonly SimpleElement[])[]): ContentItem =>
  container(dcm('111028', 'Image Library'), [
    container(
      dcm('126200', 'Image Library Group'),
      images.map((image) => imageReference(null, image)),
    ),
  ]);

export const imagingMeasurements = (groups: readonly ContentItem[]): ContentItem =>
  container(dcm('126010', 'Imaging Measurements'), groups);

/** TID 1003: the observer is a person. */
export const personObserver = (name: string): readonly ContentItem[] => [
  codeValue(dcm('121005', 'Observer Type'), dcm('121006', 'Person'), 'HAS OBS CONTEXT'),
  personName(dcm('121008', 'Person Observer Name'), name),
];

/** TID 1501, 1410: identifies the subject of a measurement group. */
export const tracked = (identifier: string, uid: string): readonly ContentItem[] => [
  textValue(dcm('112039', 'Tracking Identifier'), identifier, 'HAS OBS CONTEXT'),
  uidValue(dcm('112040', 'Tracking Unique Identifier'), uid),
];

/** The UIDs may be branded types or plain strings. */
type Referenced = {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
  readonly sopClassUID: string;
};

/** PS3.3 Table C.17-3 "Hierarchical SOP Instance Reference Macro": the instances of one study, grouped by series. */
export function evidence(instances: readonly Referenced[]): SimpleElement[] {
  const series = [...Map.groupBy(instances, ({ seriesInstanceUID }) => seriesInstanceUID)];
  return [
    [0x0020000d, 'UI', instances[0]!.studyInstanceUID],
    [
      0x00081115,
      'SQ',
      ...series.map(([uid, of]): SimpleElement[] => [
        [0x00081199, 'SQ', ...of.map(reference)],
        [0x0020000e, 'UI', uid],
      ]),
    ],
  ];
}

/** Verifying Observer Sequence. The organization is type 1, but the gateway does not know it. */
export function verifiedBy(
  source: ParsedInstance,
  { by, at }: { readonly by: string; readonly at: Date },
): SimpleElement {
  return [
    0x0040a073,
    'SQ',
    [
      [0x0040a027, 'LO', 'not stated'],
      [0x0040a030, 'DT', momentOf(source, at).dateTime],
      [0x0040a075, 'PN', oneValue(by)],
      [0x0040a088, 'SQ'],
    ],
  ];
}
