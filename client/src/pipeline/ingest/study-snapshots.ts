/**
 * The found studies as the screen sees them: snapshots with signals that stay the same from one to the next.
 */
import { signal, type Signal } from '@preact/signals';
import type { InstanceDescription } from '#shared/dicom/describe-instance.ts';
import type { StudyAbout, StudyTitle } from '../queue/queued-study.ts';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { FoundSeries, FoundStudy } from './found-study.ts';
import type { SeriesGroup, StudyGroup } from './group-studies.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface Showcase {
  show(studies: ReadonlyMap<string, StudyGroup>): readonly FoundStudy[];
  isSelected(study: StudyGroup): boolean;
  toggle(studyInstanceUID: string): void;
  /** Makes a thumbnail of the series' middle instance, once. */
  askThumbnail(seriesInstanceUID: string, studies: ReadonlyMap<string, StudyGroup>): void;
  clear(): void;
}

/** Sharp on a tablet's screen at the size of a card, small enough to be made in a blink. */
const THUMBNAIL_SIDE = 192;

export function createShowcase(pool: WorkerPool): Showcase {
  const selected = new Map<string, Signal<boolean>>();
  const thumbnails = new Map<string, Signal<Thumbnail | null | undefined>>();
  /** As each study was drawn last. */
  const drawn = new WeakMap<StudyGroup, { readonly version: number; readonly study: FoundStudy }>();
  let abort = new AbortController();

  const selectedOf = (uid: string) => remembered(selected, uid, () => signal(true));
  const thumbnailOf = (uid: string) =>
    remembered(thumbnails, uid, () => signal<Thumbnail | null | undefined>(undefined));

  function toSeries(series: SeriesGroup): FoundSeries {
    const { seriesInstanceUID, description, files, bytes } = series;
    return {
      seriesInstanceUID,
      number: description.seriesNumber,
      modality: description.modality ?? '',
      description: description.seriesDescription ?? '',
      bodyPart: description.bodyPart ?? '',
      instances: files.length,
      bytes,
      thumbnail: thumbnailOf(seriesInstanceUID),
    };
  }

  function toStudy(study: StudyGroup): FoundStudy {
    const { id, description, studyInstanceUID, instances, bytes } = study;
    return {
      id,
      studyInstanceUID,
      instances,
      bytes,
      ...namesOf(description),
      studyTime: digitsOf(description.studyTime),
      modalities: [...study.modalities].sort(),
      series: [...study.series.values()]
        .map(toSeries)
        .sort((a, b) => (a.number ?? Infinity) - (b.number ?? Infinity)),
      warnings: [...study.warnings],
      selected: selectedOf(studyInstanceUID),
    };
  }

  return {
    show: (studies) =>
      [...studies.values()].map((group) => {
        const before = drawn.get(group);
        if (before?.version === group.version) return before.study;
        const study = toStudy(group);
        drawn.set(group, { version: group.version, study });
        return study;
      }),
    isSelected: (study) => selectedOf(study.studyInstanceUID).value,
    toggle(studyInstanceUID) {
      const chosen = selectedOf(studyInstanceUID);
      chosen.value = !chosen.value;
    },
    askThumbnail(seriesInstanceUID, studies) {
      const shown = thumbnailOf(seriesInstanceUID);
      const series = [...studies.values()]
        .map((study) => study.series.get(seriesInstanceUID))
        .find((each) => each !== undefined);
      if (shown.value !== undefined || !series) return;
      shown.value = null;
      const inOrder = series.files.toSorted((a, b) => (a.instanceNumber ?? 0) - (b.instanceNumber ?? 0));
      const { ref } = inOrder[Math.floor(inOrder.length / 2)]!.file;
      // A picture that cannot be made is none; the study can be sent all the same.
      pool.run({ kind: 'thumbnail', ref, maxSide: THUMBNAIL_SIDE }, abort.signal).then(
        (made) => {
          shown.value = made;
        },
        () => undefined,
      );
    },
    clear() {
      abort.abort();
      abort = new AbortController();
      selected.clear();
      thumbnails.clear();
    },
  };
}

function remembered<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** What names the study once its files are out of reach. */
export function titleOf({ description, modalities, series }: StudyGroup): StudyTitle {
  const bodyParts = new Set(
    [...series.values()].map((each) => each.description.bodyPart).filter((part) => part !== null),
  );
  return {
    ...namesOf(description),
    modalities: [...modalities].sort(),
    bodyParts: [...bodyParts],
  };
}

/**
 * Defined Terms of Modality (PS3.3 C.7.3.1.1.1) in use and retired. A file can write anything there, also a
 * name: what is no term is not kept.
 */
const MODALITIES = new Set(
  (
    'ANN AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DG DMS DOC DX ECG EEG EMG EOG EPS ES FID GM HC HD IO IOL IVOCT IVUS KER KO LEN LS M3D MG MR NM ' +
    'OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT ' +
    'RWV SC SEG SM SMR SR SRF STAIN TEXTUREMAP TG US VA XA XAPROTOCOL XC'
  ).split(' '),
);

/** What may stay on the device when the title is erased. */
export function aboutOf({ modalities, series }: StudyGroup): StudyAbout {
  return {
    modalities: [...modalities].filter((modality) => MODALITIES.has(modality)).sort(),
    series: series.size,
  };
}

function namesOf(description: InstanceDescription) {
  return {
    patientName: description.patientName ?? '',
    patientId: description.patientId ?? '',
    patientBirthDate: digitsOf(description.patientBirthDate),
    studyDate: digitsOf(description.studyDate),
    description: description.studyDescription ?? '',
    accessionNumber: description.accessionNumber ?? '',
  };
}

/** As DICOM writes dates and times: digits alone. */
function digitsOf(text: string | null): string {
  return text?.replaceAll(/[^0-9]/g, '') ?? '';
}
