/**
 * What the index of a disc adds to the upload page: studies that were not read yet, missing files, and damage to the
 * index itself.
 */
import type { IndexedStudy } from '#shared/dicom/dicomdir.ts';
import { nameSaid } from '../../../kit/identities.ts';
import { Icon } from '../../../kit/Icon.tsx';
import { kitWords } from '../../../kit/kit-words.ts';
import { Notice } from '../../../kit/Notice.tsx';
import { VirtualList } from '../../../kit/VirtualList.tsx';
import { partsOf, personLines } from '../../queue/study-title.ts';
import { titleWords } from '../../queue/title-words.ts';
import { chosenWords } from '../found/chosen-words.ts';
import type { NamedFile } from '../choose/disc-files.ts';
import { useIngest } from '../found/ingest-context.ts';
import { People } from './People.tsx';
import { LINE, Path } from '../card/PathsOfReason.tsx';
import './disc.css';

/** The height of a study that was not read yet, in px. */
const EXPECTED = 96;

export function DiscNotices() {
  const { missing, isInDoubt } = useIngest().disc.value;
  return (
    <>
      {isInDoubt && (
        <Notice kind="wait" title={chosenWords.indexInDoubt}>
          <p>{chosenWords.indexInDoubtNext}</p>
        </Notice>
      )}
      {missing.length > 0 && <Missing missing={missing} />}
    </>
  );
}

function Missing({ missing }: { readonly missing: readonly NamedFile[] }) {
  const studies = new Set(missing.map(({ study }) => study).filter((study) => study !== null));
  const people = new Map([...studies].map((study) => [personKeyOf(study), personOf(study)]));
  const title = chosenWords.missing(missing.length);
  return (
    <Notice kind="wait" title={title}>
      <p>{chosenWords.missingNext}</p>
      {people.size > 0 && <People people={[...people.values()]} />}
      <details class="disclosure">
        <summary class="small">
          <span class="disclosure-mark">
            <Icon name="chevron" size={16} turns />
          </span>
          {chosenWords.fileList(missing.length)}
        </summary>
        <VirtualList
          items={missing}
          keyOf={({ path }) => path}
          estimate={LINE}
          label={title}
          class="paths"
          render={({ path }) => <Path path={path} />}
        />
      </details>
    </Notice>
  );
}

const personOf = ({ description: { patientName, patientId } }: IndexedStudy) => ({
  name: patientName ?? '',
  id: patientId ?? '',
});

function personKeyOf(study: IndexedStudy): string {
  const { name, id } = personOf(study);
  return `${id}\n${name}`;
}

/** While files are read, shows the studies that the disc's index names and of which no file was read yet. */
export function ExpectedStudies() {
  const { expected } = useIngest().disc.value;
  if (expected.length === 0) return null;
  return (
    <section class="expected" aria-label={chosenWords.expected}>
      <h2>{chosenWords.expected}</h2>
      <VirtualList
        items={expected}
        keyOf={(study) => study.studyInstanceUID}
        estimate={EXPECTED}
        label={chosenWords.expected}
        class="cards"
        render={(study) => <Expected study={study} />}
      />
    </section>
  );
}

function Expected({ study }: { readonly study: IndexedStudy }) {
  const { description, modalities, files } = study;
  const about = personLines(description.patientId ?? '', digitsOf(description.patientBirthDate));
  const parts = partsOf({
    studyDate: digitsOf(description.studyDate),
    description: description.studyDescription ?? '',
    modalities,
    bodyParts: [],
  });
  return (
    <article class="card card-expected">
      <div class="card-body">
        <p class="card-name kept">
          <bdi>{nameSaid(description.patientName) ?? titleWords.noPatient}</bdi>
        </p>
        {about.length > 0 && (
          <p class="small quiet kept">
            <bdi>{about.join(kitWords.separator)}</bdi>
          </p>
        )}
        <p class="card-parts kept">
          <bdi>{parts.join(kitWords.separator) || chosenWords.noDescription}</bdi>
        </p>
        <p class="small quiet numbers">{chosenWords.expectedFiles(files.length)}</p>
      </div>
    </article>
  );
}

const digitsOf = (text: string | null): string => text?.replaceAll(/[^0-9]/g, '') ?? '';
