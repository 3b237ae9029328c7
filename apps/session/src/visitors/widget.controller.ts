import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { type BootBody, bootBody } from '#libs/contracts';
import { Public } from '../edge/caller.ts';
import { Validated } from '../edge/validated.ts';
import { Boot } from './boot.ts';

@Controller('widget')
@Public()
export class WidgetController {
  readonly #boot: Boot;

  constructor(boot: Boot) {
    this.#boot = boot;
  }

  @Post('boot')
  @HttpCode(200)
  boot(@Body(new Validated(bootBody)) body: BootBody) {
    return this.#boot.run(body);
  }
}
