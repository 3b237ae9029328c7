import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { SocketsGateway } from './connection/sockets.gateway.ts';
import { ApiProxy } from './proxy/api-proxy.client.ts';
import { ApiController } from './proxy/api.controller.ts';
import { ProblemFilter } from './proxy/problem.filter.ts';

/** What stands behind HTTP, made outside of Nest, where configuration and order are plain to see. */
export interface GatewayParts {
  proxy: ApiProxy;
  problems: ProblemFilter;
}

@Module({})
export class AppModule {
  static forGateway({ proxy, problems }: GatewayParts): DynamicModule {
    return {
      module: AppModule,
      controllers: [ApiController],
      providers: [{ provide: ApiProxy, useValue: proxy }, { provide: APP_FILTER, useValue: problems }, SocketsGateway],
    };
  }
}
