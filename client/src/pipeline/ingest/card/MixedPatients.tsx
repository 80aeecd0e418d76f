/** On the card of a study that names several patients: who they are, which files are whose, and what was decided. */
import { Icon } from '../../../kit/Icon.tsx';
import { bornSaid, identitySaid, namesHidden, nameSaid } from '../../../kit/identities.ts';
import { hrefOf } from '../../../kit/routes.ts';
import { titleWords } from '../../queue/title-words.ts';
import { chosenWords } from '../found/chosen-words.ts';
import type { FoundStudy } from '../found/found-study.ts';
import { useIngest } from '../found/ingest-context.ts';
import type { PatientPart } from '../found/patients-of-study.ts';
import { sentenceOfWarning } from './warning-words.ts';

/** At most this many patients of a study are listed; the others are only counted. */
export const PATIENTS_SHOWN = 6;
const FILES_NAMED = 3;

export function MixedPatients({ study }: { readonly study: FoundStudy }) {
  const ingest = useIngest();
  const mixed = ingest.mixed.value.get(study.studyInstanceUID);
  const isOpen = mixed?.isSettled === false;
  const again = (
    <button
      type="button"
      class="button button-bare"
      onClick={() => void ingest.askPatientsAgain(study.studyInstanceUID)}
    >
      {chosenWords.mixed.again}
    </button>
  );
  return (
    <>
      {mixed && (
        <div class="card-warning small">
          <Icon name="caution" size={20} />
          <div>
            <p>
              {isOpen ? sentenceOfWarning('patients-differ', null) : chosenWords.mixed.settled(mixed.sentAs)}
            </p>
            {isOpen ? (
              <a class="button" href={hrefOf({ page: 'needs' })}>
                {chosenWords.decide}
              </a>
            ) : (
              again
            )}
            <Parts parts={mixed.parts} />
          </div>
        </div>
      )}
      {study.leftOut.length > 0 && (
        <div class="card-warning small">
          <Icon name="caution" size={20} />
          <div>
            <p>{chosenWords.mixed.leftOut}</p>
            {(mixed === undefined || isOpen) && again}
            <Parts parts={study.leftOut} />
          </div>
        </div>
      )}
    </>
  );
}

function Parts({ parts }: { readonly parts: readonly PatientPart[] }) {
  return (
    <ul class="people">
      {parts.slice(0, PATIENTS_SHOWN).map((part) => (
        <li key={part.keys.join()}>
          <p class="kept numbers">
            <bdi>{chosenWords.mixed.part(personOf(part), part.files.length, bornOf(part))}</bdi>
          </p>
          <p class="quiet">
            <FileNames part={part} />
          </p>
        </li>
      ))}
      {parts.length > PATIENTS_SHOWN && <li>{chosenWords.morePeople(parts.length - PATIENTS_SHOWN)}</li>}
    </ul>
  );
}

/** The names of the first files, and how many more there are. */
export function FileNames({ part: { files } }: { readonly part: Pick<PatientPart, 'files'> }) {
  const named = namesHidden.value ? 0 : FILES_NAMED;
  const names = files.slice(0, named).map(({ file }) => file.path.split('/').at(-1)!);
  return <bdi>{chosenWords.mixed.files(names, files.length - names.length)}</bdi>;
}

export function personOf({ person }: Pick<PatientPart, 'person'>): string {
  return chosenWords.person(nameSaid(person.name) ?? titleWords.noPatient, identitySaid(person.id));
}

export function bornOf({ person }: Pick<PatientPart, 'person'>): string | null {
  const birth = bornSaid(person.description.patientBirthDate?.replaceAll('-', ''));
  return birth ? titleWords.born(birth) : null;
}
