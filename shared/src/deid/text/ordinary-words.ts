/**
 * Ordinary words of descriptions in twelve languages, folded by the code that reads them. None of them counts as a
 * name behind a title or a role.
 */
const ENGLISH =
  'a an the of in on at by for from to and or not no none with without via per as is was were be been has had have will may can should could are this that these those it its all any each ' +
  'both before after during since until between within under over same other another next last previous current recent early late yes only also but if then than when where while ' +
  'supine prone sitting standing lying upright decubitus cooperative uncooperative breathing freely ' +
  'breathhold inspiration expiration motion moved moving position positions positioned arms hands head ' +
  'feet ' +
  'notified aware informed called paged present absent pending unavailable available note notes ' +
  'comment comments remark remarks history indication reason reasons clinical question findings ' +
  'finding impression ' +
  'report reports result results exam examination study studies requested requests request requesting ' +
  'asked asks order orders ordered clinic rate level high low lab team office desk general name names ' +
  'date time ' +
  'age sex gender weight height size length width depth number id type class code status state stat ' +
  'urgent elective normal abnormal stable unstable mild moderate severe acute chronic old new healthy ' +
  'sick ' +
  'pain chest cough fever headache nausea vomiting dyspnea syncope fall injury fracture rule out r/o ' +
  's/p disease syndrome procedure line lines operation repair resection graft shunt pacemaker device ' +
  'implant ' +
  'breast cancer carcinoma lymphoma adenoma sarcoma colon rectal gastric bladder fatty liver biliary ' +
  'gallbladder urinary urogram enterography elastography arthrogram cholangiopancreatography angiogram ' +
  'venogram ' +
  'myelogram defecography tractography spectroscopy perfusion mammogram tomosynthesis fistulogram ' +
  'hysterosalpingogram cystogram bone density survey series scapula clavicle sternum calcaneus patella ' +
  'tibia fibula ' +
  'radius ulna ulnar radial mandible maxilla zygoma nasal facial bones sella pituitary orbits temporal ' +
  'frontal parietal occipital brainstem cerebellum cerebral carotids circle willis cord thoracolumbar ' +
  'lumbosacral ' +
  'coccyx sacroiliac hips thigh calf forearm heel toes fingers thumb hand wrists elbows shoulders ' +
  'knees ankles acromioclavicular clavicles hemithorax lungs airways trachea esophagus oesophagus ' +
  'stomach duodenum jejunum ileum ' +
  'appendix pancreas adrenal adrenals ureter ureters urethra ovary ovaries testis testes scrotum penis ' +
  'vagina cervix fetus fetal obstetric pregnancy gestational twin placenta neonatal pediatric ' +
  'paediatric adult child infant baby ' +
  'male female man woman men women boy girl human animal dog cat feline canine equine horse phantom ' +
  'quality control daily weekly monthly calibration water fat oil air gel test demo training research ' +
  'rest stress peak bedside home baseline isocenter isocentre ' +
  'trial arm cohort group ' +
  'clinical libraries user protocols protocol routine specials default custom standard adult peds ' +
  'single subject neuro body msk cardiac vascular breast onco abd abdo general misc other unknown ' +
  'anonymous removed hidden ' +
  'see reading processing workstation console mode manual automatic auto raw derived primary secondary ' +
  'original reformat reformatted reconstruction reconstructed rendered average maximum minimum mean ' +
  'sum difference subtraction subtracted ' +
  'setup manifest complete content data anatomy anatomical model assessment assessed equivalent ' +
  'thickness location fiducial orientation problem problems segmented table relationship support error ' +
  'errors factor factors review mechanical configuration characteristics input output performed ' +
  'dimension dimensions column row modifier registration registered demographics verification planning ' +
  'identification identifier information consent preparation instructions education safety dose ' +
  'exposure monitoring discomfort tolerance compliance cooperation habitus weighted side landmark ' +
  'surface coordinate ' +
  'system systems frame reference category categories outcome role roles task tasks action actions ' +
  'event events statement certificate agreement interpretation opinion signature initials account ' +
  'charge group panel list record records file files media storage transport transfer arrival ' +
  'departure admission discharge ' +
  'contacted updated consulted assisted supervised trained certified licensed required needed changed ' +
  'completed finished signed attended seated sedated intubated ventilated dependent practitioner assistant ' +
  'thyroid sigmoid adenoid mastoid scaphoid steroid arachnoid choroid sphenoid ethmoid ' +
  'allergy allergies medication medications diet smoking alcohol activity exercise condition ' +
  'conditions disposition preference preferences satisfaction experience access care follow followup ' +
  'refused declined unable consented sedated intubated ventilated anesthetized anaesthetized rotated ' +
  'tilted turned shifted centered centred ' +
  'first second third fourth fifth one two three four five six seven eight nine ten half double triple ' +
  'multi multiple bottom top front back rear side inner outer proximal distal medial lateral dorsal ' +
  'ventral ' +
  'monday tuesday wednesday thursday friday saturday sunday january february march april may june july ' +
  'august september october november december today yesterday tomorrow morning evening night noon week ' +
  'weeks month months year years day days hour hours minute minutes second seconds ' +
  'surgery surgical medical nursing radiology oncology cardiology neurology emergency trauma icu er ed ' +
  'or ward unit nicu picu unit theatre theater room bed floor department protocol radiologist ' +
  'physician surgeon technologist technician nurse doctor patient operator ' +
  'german english french spanish latin roman hill sachs baker crohn barrett kerley whipple seldinger ' +
  'contrast gadolinium iodine saline oral enema injection injected intravenous bolus delayed venous ' +
  'portal arterial phase enhancement enhanced unenhanced plain';
const GERMAN =
  'der die das den dem des ein eine einer eines einem und oder nicht kein keine mit ohne nach vor bei ' +
  'im in am an auf aus von zu zum zur über unter für wegen seit bis ist war sind wird wurde hat keiner ' +
  'herr frau ' +
  'liegend stehend sitzend nüchtern kooperativ lage rückenlage bauchlage seitenlage links rechts ' +
  'beidseits beidseitig kopf schädel hirn gehirn hals brust thorax lunge lungen herz leber milz niere ' +
  'nieren magen darm becken bauch abdomen wirbelsäule ' +
  'halswirbelsäule brustwirbelsäule lendenwirbelsäule hws bws lws knie hüfte schulter ellenbogen hand ' +
  'handgelenk fuß fuss sprunggelenk oberschenkel unterschenkel oberarm unterarm finger zehe zehen ' +
  'ferse rippe rippen schlüsselbein kiefer zahn nase nebenhöhlen ' +
  'auge augen ohr gelenk gelenke knochen gefäße gefäß arterie vene muskel haut fett wasser luft ' +
  'zustand verdacht verlauf verlaufskontrolle kontrolle ausschluss sturz fraktur bruch schmerz ' +
  'schmerzen husten fieber schwellung tumor metastase metastasen entzündung ' +
  'lungenentzündung infarkt blutung stenose befund befunde beurteilung fragestellung anamnese ' +
  'indikation hinweis anmerkung bemerkung notiz information informiert angefragt anfrage bekannt ' +
  'unbekannt keine serie serien bild bilder aufnahme aufnahmen schicht schichten fenster ' +
  'gerät geräte protokoll protokolls kontrastmittel dosis nativ spät früh alt alte alter altes neu ' +
  'neue neues akut chronisch operation eingriff biopsie punktion therapie bestrahlung planung vorsorge ' +
  'nachsorge untersuchung station ambulanz notaufnahme klinik krankenhaus abteilung praxis dr arzt ' +
  'patient name geburt ' +
  'montag dienstag mittwoch donnerstag freitag samstag sonntag heute gestern morgen januar februar ' +
  'märz mai juni juli oktober dezember männlich weiblich mann kind erwachsen erwachsene unauffällig ' +
  'normal auffällig regelrecht ohne vorbefund voraufnahme weitere folgende diese dieser';
const FRENCH =
  'le la les un une des du de et ou ni non pas sans avec après avant pour par sur sous dans en au aux ' +
  'à est était sont a ont chez depuis jeun allongé allongée assis assise debout enceinte prévenu ' +
  'prévenue informé présent absent note remarque tête crâne cérébral cerveau cou ' +
  'thorax poumon poumons cœur foie rate rein reins estomac intestin bassin ventre rachis colonne ' +
  'vertébrale cervical dorsal lombaire genou genoux hanche épaule coude main poignet pied cheville ' +
  'cuisse jambe bras doigt côte côtes os articulation artère veine muscle peau droit droite gauche ' +
  'bilatéral face profil injection contraste coupe coupes série image images suivi contrôle bilan ' +
  'douleur douleurs toux fièvre fracture chute tumeur métastase masse lésion sténose infarctus ' +
  'hémorragie compte rendu résultat indication renseignements cliniques question conclusion normal ' +
  'aigu chronique ' +
  'échographie rénale abdominale pelvienne artériographie scanner irm radio radiographie mammographie ' +
  'urgences service hôpital clinique demande scaphoïde présente aucun aucune inconnu inconnue homme ' +
  'femme enfant adulte';
const SPANISH =
  'el la los las un una unos y o no sin con después antes para por sobre bajo en al del de es era son ' +
  'ha hay desde ayunas sentado sentada acostado acostada pie decúbito embarazada avisado avisada ' +
  'informado presente ausente nota cabeza cráneo cerebro cuello tórax pulmón pulmones corazón hígado ' +
  'bazo riñón ' +
  'riñones estómago intestino pelvis abdomen abdominal columna cervical dorsal lumbar rodilla cadera ' +
  'hombro codo mano muñeca pie tobillo muslo pierna brazo dedo costilla hueso arteria vena músculo ' +
  'piel derecho derecha izquierdo izquierda bilateral contraste corte serie imagen control dolor tos ' +
  'fiebre fractura ' +
  'caída tumor metástasis masa lesión estenosis infarto hemorragia informe resultado indicación normal ' +
  'agudo crónico ecografía resonancia tomografía radiografía mamografía urgencias servicio hospital ' +
  'clínica solicita estudio vía vías biliares venosa ninguno ninguna desconocido hombre mujer niño ' +
  'adulto';
const ITALIAN =
  'il lo la i gli le un una e o non senza con dopo prima per su sotto in al alla del della dei di è ' +
  'era sono ha da digiuno seduto seduta sdraiato supino prono piedi gravidanza avvisato informato ' +
  'presente assente nota testa cranio encefalo collo torace polmone polmoni cuore fegato milza rene ' +
  'reni stomaco intestino ' +
  'bacino addome addominale colonna rachide cervicale dorsale lombare ginocchio anca spalla gomito ' +
  'mano polso piede caviglia coscia gamba braccio dito costa coste osso arteria vena muscolo pelle ' +
  'destro destra sinistro sinistra bilaterale contrasto strato serie immagine controllo dolore tosse ' +
  'febbre frattura ' +
  'caduta tumore metastasi massa lesione stenosi infarto emorragia referto risultato indicazione ' +
  'normale acuto cronico ecografia risonanza tomografia radiografia mammografia urgenza reparto ' +
  'ospedale clinica richiede esame via vie biliari nessuno nessuna sconosciuto uomo donna bambino ' +
  'adulto';
const PORTUGUESE =
  'o a os as um uma e ou não sem com após antes para por sobre em no na ao do da dos das de é era são ' +
  'foi há jejum sentado sentada deitado deitada pé grávida avisado avisada informado presente ausente ' +
  'nota cabeça crânio cérebro pescoço tórax pulmão pulmões coração fígado baço rim rins estômago ' +
  'intestino bacia ' +
  'abdome abdómen coluna cervical dorsal lombar joelho quadril anca ombro cotovelo mão punho pé ' +
  'tornozelo coxa perna braço dedo costela osso artéria veia músculo pele direito direita esquerdo ' +
  'esquerda bilateral contraste corte série imagem controle controlo dor tosse febre fratura queda ' +
  'tumor metástase massa ' +
  'lesão estenose infarto hemorragia laudo relatório resultado indicação normal agudo crônico ' +
  'ultrassom ecografia ressonância tomografia radiografia mamografia urgência serviço hospital clínica ' +
  'exame via vias biliares venosa nenhum nenhuma desconhecido homem mulher criança adulto';
const DUTCH =
  'de het een en of niet geen zonder met na voor door op onder in aan bij van te is was zijn heeft ' +
  'sinds nuchter zittend liggend staand zwanger gebeld geïnformeerd aanwezig afwezig opmerking hoofd ' +
  'schedel hersenen hals borst long longen hart lever milt nier nieren maag darm bekken buik rug ' +
  'wervelkolom knie heup ' +
  'schouder elleboog hand pols voet enkel dijbeen been arm vinger rib bot slagader ader spier huid ' +
  'rechts links beiderzijds contrast coupe serie beeld controle pijn hoest koorts breuk fractuur val ' +
  'tumor massa laesie stenose infarct bloeding verslag uitslag indicatie normaal acuut chronisch echo ' +
  'scan mammografie spoed ' +
  'afdeling ziekenhuis kliniek onderzoek galwegen geen onbekend man vrouw kind volwassene';
const POLISH =
  'i lub nie bez z ze po przed dla przez na pod w we u do od jest był była są ma brak czczo leżący ' +
  'leżąca siedzący siedząca stojący ciąża powiadomiony obecny obecna nieobecny uwaga głowa głowy mózg ' +
  'mózgu szyja szyi klatka klatki piersiowa piersiowej płuco płuca płuc serce wątroba wątroby ' +
  'śledziona nerka nerki ' +
  'żołądek jelito miednica miednicy brzuch brzucha jamy kręgosłup kręgosłupa szyjny lędźwiowy kolano ' +
  'kolana biodro biodra bark barku łokieć ręka nadgarstek stopa stopy kostka udo noga ramię palec ' +
  'żebro kość tętnica żyła mięsień skóra prawy prawa prawe lewy lewa lewe obustronny kontrast ' +
  'kontrastem kontrastu warstwa ' +
  'seria obraz kontrola ból kaszel gorączka złamanie upadek guz przerzut zmiana zwężenie zawał krwotok ' +
  'opis wynik wskazanie ostry przewlekły badanie szpital oddział klinika drogi żółciowe cewnik ' +
  'nieznany mężczyzna kobieta dziecko dorosły';
const RUSSIAN =
  'и или не без с со после до для через на под в во у от к по о об при из за это нет есть был была ' +
  'были натощак лежа сидя стоя беременна уведомлен информирован присутствует отсутствует примечание ' +
  'голова головы головной головного мозг мозга шея шеи грудь грудной грудная клетка клетки легкое ' +
  'легкие легких сердце сердца печень печени ' +
  'селезенка почка почки желудок кишечник таз таза живот брюшная брюшной полость полости позвоночник ' +
  'позвоночника шейный поясничный колено коленный коленного сустав сустава бедро плечо плеча локоть ' +
  'рука кисть стопа стопы голень нога палец ребро кость артерия вена мышца кожа правый правая правое ' +
  'правого левый левая левое левого ' +
  'контраст контраста контрастом срез серия снимок контроль боль боли кашель температура перелом ' +
  'падение опухоль метастаз образование стеноз инфаркт кровоизлияние заключение результат показание ' +
  'острый хронический исследование больница отделение клиника рентген узи кт мрт желчные пути доза ' +
  'укладку укладка мужчина женщина ребенок взрослый неизвестно';
const TURKISH =
  've veya değil yok var ile için sonra önce üzerinde altında bu bir aç tok yatar sırtüstü yüzüstü ' +
  'oturur ayakta hamile bilgilendirildi mevcut notu not baş kafa beyin boyun göğüs toraks akciğer kalp ' +
  'karaciğer dalak böbrek mide bağırsak pelvis karın batın omurga servikal lomber diz kalça omuz ' +
  'dirsek el bilek ayak ayakbileği ' +
  'uyluk bacak kol parmak kaburga kemik arter ven kas cilt sağ sol bilateral kontrast kontrastlı ' +
  'kontrastsız kesit seri görüntü kontrol ağrı öksürük ateş kırık düşme tümör metastaz kitle lezyon ' +
  'darlık enfarkt kanama rapor sonuç endikasyon normal akut kronik ultrason tetkik hastane servis ' +
  'klinik safra yolları grafisi doz geçen erkek kadın çocuk erişkin bilinmiyor';
const ARABIC =
  'و أو لا بدون مع بعد قبل من على في إلى عن تم هو هي كان غير صائم صائمة مستلق مستلقي مستلقية جالس ' +
  'جالسة واقف حامل إبلاغه موجود ملاحظة الرأس الدماغ الرقبة الصدر الرئة القلب الكبد الطحال الكلية ' +
  'المعدة الأمعاء الحوض البطن العمود الفقري الركبة الورك الكتف المرفق اليد الرسغ القدم الكاحل الفخذ ' +
  'الساق الذراع الإصبع الضلع العظم الشريان الوريد ' +
  'الأيمن اليمنى الأيسر اليسرى صبغة شريحة سلسلة السلسلة صورة متابعة ألم سعال حمى كسر سقوط ورم كتلة آفة ' +
  'تضيق احتشاء نزيف تقرير نتيجة طبيعي حاد مزمن أشعة رنين فحص مستشفى قسم عيادة ظهره ظهرها بطنه وضعية ' +
  'حالة يعاني تعاني رجل امرأة طفل بالغ المعالج المحول الطالب الأشعة السريري الصدري البطني القلبي ' +
  'الرئوي العصبي الكلوي الكبدي المخي الشعاعي الجراحي الدموي الوريدي الشرياني العظمي الحوضي النخاعي ' +
  'الطبي الأولي النهائي الحالي الخارجي الداخلي';
const LATIN =
  'psoas deltoideus supraspinatus infraspinatus subscapularis biceps triceps quadriceps gluteus ' +
  'maximus medius minimus pectoralis trapezius latissimus dorsi sartorius rectus femoris vastus soleus ' +
  'gastrocnemius iliacus iliopsoas obliquus externus internus transversus sternocleidomastoideus ' +
  'masseter temporalis ' +
  'cranium cerebrum cerebellum pons medulla sinus vena cava portae hepatica renalis iliaca subclavia ' +
  'vertebralis basilaris cor pulmo hepar lien ren ventriculus pelvis columna genu coxa manus pes os ' +
  'talus naviculare cuboideum calcaneus atlas dens axis costa sternum';

/** Not folded. Words of one letter and function words are included too, because no name begins with them. */
export const ORDINARY_WORDS: readonly string[] = [
  ENGLISH,
  GERMAN,
  FRENCH,
  SPANISH,
  ITALIAN,
  PORTUGUESE,
  DUTCH,
  POLISH,
  RUSSIAN,
  TURKISH,
  ARABIC,
  LATIN,
].flatMap((words) => words.split(' '));

/**
 * Beginnings of Japanese and Chinese words that are not names. These languages put no spaces between words, so only
 * beginnings are compared.
 */
export const ORDINARY_BEGINNINGS: readonly string[] =
  'なし 無し 不明 未定 未記 仰臥 腹臥 側臥 立位 座位 坐位 臥位 左 右 両 頭 頸 胸 腹 骨盤 膝 股 肩 腰 脊 心 肺 肝 腎 脳 造影 報告 確認 依頼 不在 連絡 説明 指示 同席 要望 所見 単純 正面 側面 安静 妊娠 絶食 検査 撮影 画像 系列 无 未知 仰卧 俯卧 左侧 右侧'.split(
    ' ',
  );
