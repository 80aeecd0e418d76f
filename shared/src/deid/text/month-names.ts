/** Month names, whole and short, in folded form. An underscore stands for a space within a name. */
const LISTS = [
  'january february march april may june july august september october november december',
  'jan feb mar apr may jun jul aug sep oct nov dec',
  'jan feb mar apr may jun jul aug sept oct nov dec',
  'januar februar marz april mai juni juli august september oktober november dezember',
  'janner feber maerz april mai juni juli august september oktober november dezember',
  'jan feb mrz apr mai jun jul aug sep okt nov dez',
  'janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre',
  'janv fevr mars avr mai juin juil aout sept oct nov dec',
  'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre',
  'ene feb mar abr may jun jul ago sep oct nov dic',
  'gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre',
  'gen feb mar apr mag giu lug ago set ott nov dic',
  'jan feb mrt apr mei jun jul aug sep okt nov dec',
  'stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia',
  'styczen luty marzec kwiecien maj czerwiec lipiec sierpien wrzesien pazdziernik listopad grudzien',
  'sty lut mar kwi maj cze lip sie wrz paz lis gru',
  'ocak subat mart nisan mayis haziran temmuz agustos eylul ekim kasim aralik',
  'oca sub mar nis may haz tem agu eyl eki kas ara',
  'января февраля марта апреля мая июня июля августа сентября октября ноября декабря',
  'январь февраль март апрель маи июнь июль август сентябрь октябрь ноябрь декабрь',
  'янв фев мар апр маи июн июл авг сен окт ноя дек',
  'januari februari maart april mei juni juli augustus september oktober november december',
  'janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro',
  'jan fev mar abr mai jun jul ago set out nov dez',
  'يناير فبراير مارس ابريل مايو يونيو يوليو اغسطس سبتمبر اكتوبر نوفمبر ديسمبر',
  'ιανουαριου φεβρουαριου μαρτιου απριλιου μαιου ιουνιου ιουλιου αυγουστου σεπτεμβριου οκτωβριου νοεμβριου δεκεμβριου',
  'ledna unora brezna dubna kvetna cervna cervence srpna zari rijna listopadu prosince',
  'januar februar marts april maj juni juli august september oktober november december',
  'tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesakuuta heinakuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta',
  'كانون_الثاني شباط اذار نيسان ايار حزيران تموز اب ايلول تشرين_الاول تشرين_الثاني كانون_الاول',
  'جانفي فيفري مارس افريل ماي جوان جويلية اوت سبتمبر اكتوبر نوفمبر ديسمبر',
];

/** The names by language, because a date is moved within the language in which it was written. */
export const MONTHS: readonly (readonly string[])[] = LISTS.map((names) =>
  names.split(' ').map((name) => name.replace('_', ' ')),
);

/** The names as one alternation, the longest first. */
export const MONTH = [...new Set(MONTHS.flat())].sort((a, b) => b.length - a.length).join('|');

/** Months that are also words: "May 5" is a date only if written as a name. */
export const MONTHS_AND_WORDS: ReadonlySet<string> = new Set(
  'may mar mars dec mei mai oct mart ara'.split(' '),
);
/** Months that count only with a year: "Set 1 of 3", "Mag 2". */
export const MONTHS_WITH_A_YEAR: ReadonlySet<string> = new Set(
  'set mag gen ago lug dic sept ocak ekim maja sub out eki lis paz kas tem sie lip lut cze gru nis oca haz kwi sty wrz luty мар اب ماي'.split(
    ' ',
  ),
);

/** 1 to 12; 0 if the name is not a month. */
export const monthNumber = (name: string): number =>
  (MONTHS.find((names) => names.includes(name)) ?? []).indexOf(name) + 1;

/**
 * The name of a month from the list that contains the original name, capitalised like the original. "May" counts as a
 * short name if there are no spaces around it.
 */
export function monthNameLike(month: number, original: string, folded: string, isShort: boolean): string {
  const lists = MONTHS.filter((names) => names.includes(folded));
  const list = (isShort ? lists.find((names) => names[0]!.length <= 4) : undefined) ?? lists[0] ?? MONTHS[0]!;
  const name = list[month - 1]!;
  if (original === original.toUpperCase()) return name.toUpperCase();
  return original[0] === original[0]!.toUpperCase() ? name[0]!.toUpperCase() + name.slice(1) : name;
}

/** Months as written in "14.III.2024". */
export const ROMAN: readonly string[] = 'i ii iii iv v vi vii viii ix x xi xii'.split(' ');

/** The year before the first year of each era, of Japan and of the Republic of China. */
export const ERAS: Readonly<Record<string, number>> = {
  令和: 2018,
  平成: 1988,
  昭和: 1925,
  大正: 1911,
  明治: 1867,
  r: 2018,
  h: 1988,
  s: 1925,
  t: 1911,
  民国: 1911,
  民國: 1911,
};
const ONES = '〇一二三四五六七八九';

/** A number of up to four digits, in ASCII or in Chinese characters: 14, 十四, 二〇二四; 元 is the first year of an era. */
export function numberOf(written: string): number {
  if (/^\d{1,4}$/.test(written)) return Number(written);
  if (written === '元') return 1;
  const [tens = '', ones = ''] = written.includes('十') ? written.split('十') : ['', written];
  const digits = (text: string): string => [...text].map((one) => ONES.indexOf(one)).join('');
  const ten = written.includes('十') ? Number(digits(tens) || '1') * 10 : 0;
  return ten + Number(digits(ones) || '0');
}
