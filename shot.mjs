import { chromium } from 'playwright-core';
const out='/tmp/look'; import { mkdirSync } from 'node:fs'; mkdirSync(out,{recursive:true});
const browser = await chromium.launch({ executablePath:'/usr/bin/chromium', args:['--no-sandbox','--disable-gpu','--disable-quic','--no-first-run','--disable-background-networking','--disable-component-update','--disable-sync']});
const sizes=(process.argv[2]??'1440x900').split(',').map(s=>s.split('x').map(Number));
const pages=(process.argv[3]??'cases').split(',');
const scheme=process.argv[4]??'light';
const ctx = await browser.newContext({locale:'en-GB',reducedMotion:'reduce',colorScheme:scheme,viewport:{width:1440,height:900}, hasTouch: process.argv[5]==='touch'});
const page = await ctx.newPage();
await page.goto('http://localhost:3000/');
await page.getByLabel('User name').fill('admin'); await page.getByLabel('Password',{exact:true}).fill(process.env.PW); await page.keyboard.press('Enter');
await page.getByRole('navigation').first().waitFor();
await page.waitForTimeout(2000);
for (const p of pages){ await page.evaluate(h=>{location.hash=h}, '#/'+(p==='upload'?'':p)); await page.waitForTimeout(3000);
 for (const [w,h] of sizes){ await page.setViewportSize({width:w,height:h}); await page.waitForTimeout(400); await page.screenshot({path:`${out}/${p.replace(/\W/g,'_')}-${w}-${scheme}.png`}); } }
await browser.close();
