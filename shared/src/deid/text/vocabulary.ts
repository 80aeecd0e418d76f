/**
 * Medical and technical words, folded. They occur in descriptions and name nobody. If such a word is part of a place's
 * name, it is not searched for on its own; and a role or a title before such a word does not announce a name.
 */
const MODALITIES =
  'ct mr mri mra mrcp us usg pet spect nm xa dx cr mg mammo mammography dexa oct rf angio angiography ultrasound sono xray fluoro tomo cbct ai pacs ris';
const ANATOMY =
  'head brain neck skull face orbit orbits sinus sinuses ear eye jaw teeth tooth spine cervical thoracic lumbar sacrum thorax chest breast heart cardiac coronary aorta ' +
  'lung lungs liver spleen kidney kidneys renal pancreas abdomen abdominal pelvis pelvic prostate bladder uterus rib ribs shoulder elbow wrist hand finger hip knee ankle ' +
  'foot toe femur tibia humerus bone bones joint joints muscle artery arteries vein venous vascular carotid bowel colon rectum lobe pole axis leg arm body extremity';
const POSITIONS =
  'left right bilateral upper lower middle low high long short superior inferior anterior posterior lateral medial axial coronal sagittal oblique supine prone erect standing ' +
  'sitting first second third feet view views open deep lake valley island portable mobile routine follow total whole full small large new old other';
const TECHNIQUE =
  'series protocol image images frame frames volume slice slices phase phases delay delayed recon sequence contrast native plain dynamic perfusion diffusion flair stir tse gre ' +
  'epi mip mpr mprage vibe trufi flash haste space dixon hardi helical spiral scout localizer topogram survey dose trig trigdelay gate gated guidance technique exposure window ' +
  'kernel filter soft tissue lung standard fat sat post pre gadolinium ce wo with without magnetom';
const CLINIC =
  'cancer tumor tumour lesion nodule mass stenosis fracture pain trauma infarct stroke bleed hypertension diabetes infection pneumonia edema effusion cyst metastasis metastases ' +
  'screening biopsy surgery intervention therapy treatment planning control status known relapses boost palliative omnipaque bypass stent catheter implant ' +
  'isovue ultravist visipaque iomeron imeron iopamiro xenetix optiray gadovist dotarem magnevist multihance prohance iec iso din ansi astm';
const PLACES =
  'hospital hospitals clinic clinics klinik klinikum krankenhaus hopital ospedale center centre zentrum medical medicine health healthcare university universitaet universitat ' +
  'institute institut department dept abteilung radiology radiologie radiologia imaging diagnostic diagnostics general regional national city county state saint north south east ' +
  'west central main street road avenue children childrens women womens emergency oncology cardiology neurology pediatrics orthopedics orthopaedics ambulatory outpatient ' +
  'inpatient ward room floor building unit service services group practice research board station workstation console system trust foundation memorial community care department team';
const TERMS =
  'hfs hfp ffs ffp hfdr hfdl ffdr ffdl headneck text container num code composite waveform name names number exam here original derived primary secondary ' +
  'mixed color colour mono monochrome rgb palette manual automatic semiautomatic yes no min max avg mean std dev sum sub mag pha real imaginary roi cor sag tra ax obl ' +
  'art ven nat dyn rad lat abd iso none other unit units result results segment segmentation label value values type version date time day week month year';
const NOBODY =
  'male female scan call seldinger neuroradiology ' +
  'patient patients test phantom unknown none not see self referral done present requested physician doctor nurse tech technologist technician operator radiologist admin ' +
  'anonymous anonymized removed two readers available various default user staff report qa systems siemens philips toshiba canon hitachi ge';

export const VOCABULARY: ReadonlySet<string> = new Set(
  [MODALITIES, ANATOMY, POSITIONS, TECHNIQUE, CLINIC, PLACES, TERMS, NOBODY].join(' ').split(' '),
);

/** Parts of names that are also ordinary words. They are searched for only next to the rest of the name. */
export const PARTICLES: ReadonlySet<string> = new Set(
  'von van der den des del dela della dello delle dos das los las les bin ben ibn abd abu vom zum zur the und and'.split(
    ' ',
  ),
);

/** Abbreviations that are not initials, although they may be written with a dot after each letter. Folded. */
export const ABBREVIATIONS: ReadonlySet<string> = new Set(
  'ap pa la ra lv rv va zn iv po im ct mr vs ua zb sc us ca pe dd od os'.split(' '),
);

/** Units: a number followed by one of these is a measurement. */
export const UNIT =
  '\\s?(?:mm|cm|m|ml|l|min|sek|sec|ms|s|h|hz|khz|mhz|mgy|gy|mg|g|kg|ms?v|kv|kvp|ma|mas|hu|deg|grad|%|°|x|cts|cps|counts|fr|pixels?|px|slices?|images?|' +
  'weeks?|months?|days?|wochen|monate|tage)(?!\\p{L})';
