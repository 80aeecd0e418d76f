/** The found studies as the screen sees them: snapshots that share their signals. */
import { signal, type Signal } from '@preact/signals';
import type { InstanceDescription } from '#shared/dicom/describe-instance.ts';
import type { FoundPart, FoundSeries, FoundStudy, SeriesPicture } from './found-study.ts';
import type { FoundFile, SeriesGroup, StudyGroup } from './group-studies.ts';
import { partsIn, partsOf } from './patients-of-study.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';

interface StudySnapshots {
  show(studies: ReadonlyMap<string, StudyGroup>): readonly FoundStudy[];
  isSelected(study: StudyGroup): boolean;
  toggle(studyInstanceUID: string): void;
  /** Makes one thumbnail of the middle instance of a series, or of the part of a patient. */
  askThumbnail(seriesInstanceUID: string, studies: Iterable<StudyGroup>): void;
  clear(): void;
}

/** A side that is sharp at the size of a card on a tablet, and quick to make. */
const THUMBNAIL_SIDE = 192;

interface Shown {
  readonly selected: Map<string, Signal<boolean>>;
  readonly thumbnails: Map<string, Signal<SeriesPicture>>;
  /** The last snapshot of each study. */
  drawn: WeakMap<StudyGroup, { readonly version: number; readonly study: FoundStudy }>;
}

export function createStudySnapshots(pool: WorkerPool): StudySnapshots {
  const shown: Shown = { selected: new Map(), thumbnails: new Map(), drawn: new WeakMap() };
  let abort = new AbortController();
  return {
    show: (studies) => [...studies.values()].map((group) => snapshotOf(shown, group)),
    isSelected: (study) => selectedOf(shown, study.studyInstanceUID).value,
    toggle(studyInstanceUID) {
      const chosen = selectedOf(shown, studyInstanceUID);
      chosen.value = !chosen.value;
    },
    askThumbnail(seriesInstanceUID, studies) {
      const thumbnail = thumbnailOf(shown, seriesInstanceUID);
      const files = findPictured(studies, seriesInstanceUID);
      if (thumbnail.value !== undefined || !files) return;
      thumbnail.value = 'making';
      const { file, ordinal, frames } = middleFile(files);
      // The study can be sent without a thumbnail.
      void pool.run({ kind: 'thumbnail', ref: file.ref, maxSide: THUMBNAIL_SIDE }, abort.signal).then(
        (made) =>
          (thumbnail.value = typeof made === 'string' ? made : { ...made, ordinal, frame: frames >> 1 }),
        (error: unknown) => (thumbnail.value = isTimeout(error) ? 'took-too-long' : 'unknown'),
      );
    },
    clear() {
      abort.abort();
      abort = new AbortController();
      shown.selected.clear();
      shown.thumbnails.clear();
      shown.drawn = new WeakMap();
    },
  };
}

/** Whether the pool gave up the picture, because a picture that takes longer is not worth a core. */
const isTimeout = (error: unknown): boolean => error instanceof DOMException && error.name === 'TimeoutError';

/** Returns the same object as long as the study has not changed. */
function snapshotOf(shown: Shown, group: StudyGroup): FoundStudy {
  const before = shown.drawn.get(group);
  if (before?.version === group.version) return before.study;
  const study = toStudy(shown, group);
  shown.drawn.set(group, { version: group.version, study });
  return study;
}

function toStudy(shown: Shown, study: StudyGroup): FoundStudy {
  const { id, description, studyInstanceUID, instances, bytes } = study;
  return {
    id,
    studyInstanceUID,
    instances,
    bytes,
    copies: study.copies,
    ...namesOf(description),
    studyTime: digitsOf(description.studyTime),
    people: [...study.people.values()].map(({ name, id: patientId }) => ({ name, id: patientId })),
    parts: partsOf(study).map((part): FoundPart => {
      const key = pictureKeyOf(study, part.keys[0]!);
      return { ...part, picture: { seriesInstanceUID: key, thumbnail: thumbnailOf(shown, key) } };
    }),
    settled: study.settled,
    leftOut: partsIn(study.leftOut),
    unticked: [...study.unticked.values()].map((series) => ({
      ...toSeries(shown, series),
      files: series.files,
    })),
    modalities: [...study.modalities].sort(),
    series: [...study.series.values()]
      .map((series) => toSeries(shown, series))
      .sort((a, b) => (a.number ?? Infinity) - (b.number ?? Infinity)),
    warnings: [...study.warnings],
    selected: selectedOf(shown, studyInstanceUID),
    inPacs: signal(null),
  };
}

function toSeries(shown: Shown, series: SeriesGroup): FoundSeries {
  const { seriesInstanceUID, description, files, bytes } = series;
  return {
    seriesInstanceUID,
    number: description.seriesNumber,
    modality: description.modality ?? '',
    description: description.seriesDescription ?? '',
    bodyPart: description.bodyPart ?? '',
    instances: files.length,
    bytes,
    thumbnail: thumbnailOf(shown, seriesInstanceUID),
  };
}

function selectedOf({ selected }: Shown, studyInstanceUID: string): Signal<boolean> {
  return remembered(selected, studyInstanceUID, () => signal(true));
}

function thumbnailOf({ thumbnails }: Shown, seriesInstanceUID: string): Signal<SeriesPicture> {
  return remembered(thumbnails, seriesInstanceUID, () => signal<SeriesPicture>(undefined));
}

const pictureKeyOf = ({ studyInstanceUID }: Pick<StudyGroup, 'studyInstanceUID'>, part: string): string =>
  [studyInstanceUID, part].join('\n');

/** The files of a series, or of a patient's part of a study. `key` names either. */
function findPictured(studies: Iterable<StudyGroup>, key: string): readonly FoundFile[] | undefined {
  for (const study of studies) {
    const series = study.series.get(key) ?? study.unticked.get(key);
    if (series) return series.files;
    const part = partsOf(study).find(({ keys }) => pictureKeyOf(study, keys[0]!) === key);
    if (part) return part.files;
  }
  return undefined;
}

function middleFile(files: readonly FoundFile[]): FoundFile {
  const inOrder = files.toSorted((a, b) => (a.instanceNumber ?? 0) - (b.instanceNumber ?? 0));
  return inOrder[Math.floor(inOrder.length / 2)]!;
}

function remembered<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** The patient and the study as named in a file. */
export function namesOf(description: InstanceDescription) {
  return {
    patientName: description.patientName ?? '',
    patientId: description.patientId ?? '',
    patientBirthDate: digitsOf(description.patientBirthDate),
    studyDate: digitsOf(description.studyDate),
    description: description.studyDescription ?? '',
    accessionNumber: description.accessionNumber ?? '',
  };
}

/** Only the digits, as DICOM writes dates and times. */
function digitsOf(text: string | null): string {
  return text?.replaceAll(/[^0-9]/g, '') ?? '';
}
